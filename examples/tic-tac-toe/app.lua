-- SPDX-License-Identifier: MIT
local sio = require "sio"
local sqlite = require "sio.sqlite"

local db = sqlite.open "games.db" -- the players of a game may sit on different workers
db:exec [[CREATE TABLE IF NOT EXISTS games (game TEXT PRIMARY KEY, cells TEXT);
  CREATE TABLE IF NOT EXISTS seats (game TEXT, mark TEXT, player TEXT, name TEXT,
    PRIMARY KEY (game, mark), UNIQUE (game, player))]]
local app = sio.server { cleanup_empty_child_namespaces = true }
app:static("/", "public")
local games = app:of "^/game%-(%l%l%l%l)$" -- a namespace for each game

local function winner(cells)
  for line in ("123 456 789 147 258 369 159 357"):gmatch "%d+" do
    local marks = line:gsub("%d", function(i) return cells:sub(i, i) end)
    if marks == "xxx" or marks == "ooo" then return marks:sub(1, 1) end
  end
  return not cells:find("-", 1, true) and "nobody" or nil
end

-- Sets what change(cells, turn) returns, and shows it to all; so nobody sees an old board last.
local function update(nsp, change)
  local game = nsp.captures[1]
  return assert(db:transaction(function()
    local cells = db:row("SELECT cells FROM games WHERE game = ?", game) or "---------"
    local _, free = cells:gsub("%-", "")
    local board = { cells = change(cells, free % 2 == 1 and "x" or "o") }
    if not board.cells then return { error = "not now, not there" } end
    assert(db:exec("INSERT OR REPLACE INTO games VALUES (?, ?)", game, board.cells))
    board.winner = winner(board.cells)
    local sql = "SELECT mark, name FROM seats WHERE game = ?"
    for mark, name in db:rows(sql, game) do board[mark] = name end
    return nsp:emit("board", board)
  end))
end

games:use(function(socket) -- the first two players have the seats, also after a reload
  local game, player = socket.nsp.captures[1], socket.handshake.auth.player
  if type(player) ~= "string" or #player ~= 32 then return nil, "who plays?" end
  local sql = "INSERT OR IGNORE INTO seats VALUES (?1, 'x', ?2, '?'), (?1, 'o', ?2, '?')"
  assert(db:exec(sql, game, player))
  socket.data.mark = db:row("SELECT mark FROM seats WHERE game = ? AND player = ?", game, player)
end)

games:on("connection", function(socket)
  local nsp, mark = socket.nsp, socket.data.mark
  socket:on("move", function(i)
    return update(nsp, function(cells, turn)
      local sane = mark == turn and not winner(cells) and math.type(i) == "integer" and i >= 1
      return sane and cells:sub(i, i) == "-" and cells:sub(1, i - 1) .. mark .. cells:sub(i + 1)
    end)
  end)
  update(nsp, function(cells) return cells end)
  local name = mark and socket:timeout(300):emit_with_ack("who are you?", mark) -- a human's time
  if type(name) ~= "string" or #name > 20 then return end
  db:exec("UPDATE seats SET name = ? WHERE game = ? AND mark = ?", name, nsp.captures[1], mark)
  update(nsp, function(cells) return cells end)
end)

app:listen(3000)
