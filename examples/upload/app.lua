-- SPDX-License-Identifier: MIT
local sio = require "sio"
local sqlite = require "sio.sqlite"

local max_file, max_chunk, max_total = 100e6, 256 * 1024, 1e9 -- bytes

local db = sqlite.open "uploads.db" -- what all workers see; `have` bytes of `size` have come
db:exec [[CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, name TEXT, size INT, have INT);
  CREATE TABLE IF NOT EXISTS chunks (key TEXT, at INT, bytes BLOB, PRIMARY KEY (key, at))]]

local app = sio.server()
app:static("/", "public")

local function is_text(value, least, most)
  return type(value) == "string" and #value >= least and #value <= most
end

app:on("connection", function(socket)
  socket:on("start", function(key, name, size) -- also to go on after a disconnection
    local sane = is_text(key, 20, 40) and is_text(name, 1, 255) and math.type(size) == "integer"
    if not sane or size < 1 or size > max_file then return { error = "no such files here" } end
    local promised = db:row "SELECT coalesce(sum(size), 0) FROM files"
    if promised + size > max_total then return { error = "the disk is full" } end
    assert(db:exec("INSERT OR IGNORE INTO files VALUES (?, ?, ?, 0)", key, name, size))
    return { at = db:row("SELECT have FROM files WHERE key = ?", key) }
  end)

  socket:on("chunk", function(key, at, bytes)
    local sane = is_text(key, 20, 40) and math.type(at) == "integer" and sio.is_binary(bytes)
    if not sane or #bytes == 0 or #bytes > max_chunk then return { error = "no chunk" } end
    local stored, err = db:transaction(function()
      local fits = db:exec([[UPDATE files SET have = have + ?1
        WHERE key = ?2 AND have = ?3 AND ?1 + ?3 <= size]], #bytes, key, at)
      if fits ~= 1 then return nil, "not what comes next" end
      return db:exec("INSERT INTO chunks VALUES (?, ?, ?)", key, at, bytes)
    end)
    if not stored then return { error = err } end
    local name, size, have = db:row("SELECT name, size, have FROM files WHERE key = ?", key)
    if have == size then app:emit("file", key, name, size) end
    return { at = at + #bytes } -- the page waits for this before it sends the next one
  end)

  local sql = "SELECT key, name, size FROM files WHERE have = size ORDER BY rowid DESC LIMIT 20"
  for key, name, size in db:rows(sql) do socket:emit("file", key, name, size) end
end)

app:get("/files/:key", function(req)
  local key = req.params.key
  local name, size = db:row("SELECT name, size FROM files WHERE key = ? AND have = size", key)
  if not name then return "There is no such file.\n", 404 end
  local function send(write, at)
    local bytes = db:row("SELECT bytes FROM chunks WHERE key = ? AND at = ?", key, at)
    if write(bytes) and at + #bytes < size then return send(write, at + #bytes) end
  end
  local safe = name:gsub("[^%w.-]", function(c) return ("%%%02X"):format(c:byte()) end)
  return function(write) send(write, 0) end, 200, { ["Content-Length"] = size,
    ["Content-Disposition"] = "attachment; filename*=UTF-8''" .. safe }
end)

app:listen(3000)
