-- SPDX-License-Identifier: MIT
local sio = require "sio"
local sqlite = require "sio.sqlite"

local max_text = 2000 -- bytes of a message

local db = sqlite.open "chat.db"
db:exec [[CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, content TEXT)]]

local app = sio.server { connection_state_recovery = true }
app:static("/", "public")

app:on("connection", function(socket)
  socket:on("chat message", function(msg, client_offset)
    local sane = type(msg) == "string" and #msg <= max_text and type(client_offset) == "string"
    if not sane or #client_offset > 64 then return { error = "no message" } end
    return assert(db:transaction(function()
      local id, err, code = db:exec("INSERT INTO messages VALUES (NULL, ?, ?)", client_offset, msg)
      if not id then return code == "unique" or error(err) end -- a retry is acknowledged again
      app:to("chat"):emit("chat message", msg, id)
      return true
    end))
  end)

  if socket.data.live then return end -- recovered, and what it missed has been sent
  assert(db:transaction(function() -- history first, then live: nobody adds a message in between
    local seen = socket.data.seen or tonumber(socket.handshake.auth.serverOffset) or 0
    for id, msg in db:rows("SELECT id, content FROM messages WHERE id > ? ORDER BY id", seen) do
      socket:emit("chat message", msg, id)
      socket.data.seen = id
    end
    socket:join("chat")
    socket.data.live = true
  end))
end)

app:listen(3000)
