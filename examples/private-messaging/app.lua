-- SPDX-License-Identifier: MIT
local sio = require "sio"
local sqlite = require "sio.sqlite"

local max_users, max_text = 10000, 2000

local db = sqlite.open "messages.db"
db:exec [[CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, session TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, sender TEXT, receiver TEXT, text TEXT)]]

local app = sio.server()
app:static("/", "public")

local function random_id()
  local file <close> = assert(io.open "/dev/urandom")
  return (file:read(16):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function is_text(value, most)
  return type(value) == "string" and #value >= 1 and #value <= most
end

-- Who comes back names its session and is who it was; who is new chooses a free name.
app:use(function(socket)
  local session, name = socket.handshake.auth.session, socket.handshake.auth.name
  if is_text(session, 32) then
    name = db:row("SELECT name FROM users WHERE session = ?", session)
    if not name then return nil, "unknown session" end
  else
    if not is_text(name, 20) or name:find "[^%w ]" then return nil, "up to 20 letters, please" end
    if db:row "SELECT count(*) FROM users" >= max_users then return nil, "we are full" end
    session = random_id()
    local free = db:exec("INSERT INTO users VALUES (?, ?)", name, session)
    if not free then return nil, "that name is taken" end
  end
  socket.data.name, socket.data.session = name, session
end)

app:on("connection", function(socket)
  local me = socket.data.name
  socket:on("message", function(to, text)
    if not is_text(to, 20) or not is_text(text, max_text) then return { error = "no message" } end
    if not db:row("SELECT 1 FROM users WHERE name = ?", to) then return { error = "nobody" } end
    local id = assert(db:exec("INSERT INTO messages VALUES (NULL, ?, ?, ?)", me, to, text))
    app:to { "user:" .. me, "user:" .. to }:emit("message", id, me, to, text)
    return { id = id }
  end)

  socket:join("user:" .. me) -- all tabs of a user, on whichever workers
  socket:emit("session", socket.data.session, me)
  socket.broadcast:emit("user", me)
  for name in db:rows("SELECT name FROM users WHERE name <> ? LIMIT 200", me) do
    socket:emit("user", name)
  end
  local sql = "SELECT * FROM messages WHERE ? IN (sender, receiver) ORDER BY id DESC LIMIT 100"
  for id, from, to, text in db:rows(sql, me) do socket:emit("message", id, from, to, text) end
end)

app:listen(3000)
