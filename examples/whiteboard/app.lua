-- SPDX-License-Identifier: MIT
local sio = require "sio"
local sqlite = require "sio.sqlite"

local colors, max_points, max_strokes = 6, 500, 500 -- at most 1 MB in all

local db = sqlite.open "board.db"
db:exec [[CREATE TABLE IF NOT EXISTS strokes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, color INTEGER, points BLOB)]]

local app = sio.server { max_http_buffer_size = 64 * 1024 }
app:static("/", "public")

-- Points are pairs of 16 bits: bytes, of which the server knows no more than their number.
local function is_stroke(color, points)
  return math.type(color) == "integer" and color >= 0 and color < colors
    and sio.is_binary(points) and #points > 0 and #points <= 4 * max_points and #points % 4 == 0
end

-- While a pen moves: what is lost on the way comes with the whole stroke.
app:on_event("draw", function(socket, color, points)
  if is_stroke(color, points) then socket.broadcast.volatile:emit("draw", color, points) end
end)

-- When it is lifted: to keep, and in one order for all.
app:on_event("stroke", function(_, color, points)
  if not is_stroke(color, points) then return { error = "no stroke" } end
  return assert(db:transaction(function()
    local id = assert(db:exec("INSERT INTO strokes (color, points) VALUES (?, ?)", color, points))
    assert(db:exec("DELETE FROM strokes WHERE id <= ?", id - max_strokes))
    app:to("board"):emit("stroke", color, points)
    return { id = id }
  end))
end)

app:on_event("clear", function()
  return assert(db:transaction(function()
    assert(db:exec "DELETE FROM strokes")
    app:to("board"):emit("board", sio.binary "")
    return true
  end))
end)

app:on("connection", function(socket)
  assert(db:transaction(function() -- nobody draws between the picture and what comes after it
    local parts = {}
    for color, points in db:rows "SELECT color, points FROM strokes ORDER BY id" do
      parts[#parts + 1] = string.pack("<I2I2", color, #points // 4) .. tostring(points)
    end
    socket:emit("board", sio.binary(table.concat(parts)))
    socket:join "board"
  end))
end)

app:listen(3000)
