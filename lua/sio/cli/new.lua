-- SPDX-License-Identifier: MIT
-- sio-lua new DIR: a working application in three files.
--
-- Stands on sio.core.process; sio.cli calls it. Invariant: nothing that is there already is
-- touched.

local core = require "sio.core"

local process = core.process

local APP = [[
local sio = require "sio"
local app = sio.server()

app:static("/", "public")
app:on("connection", function(socket)
  socket:on("chat message", function(text) app:emit("chat message", text) end)
end)

app:listen(3000)
]]

local PAGE = [[
<!DOCTYPE html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<form id="form"><input id="input" autocomplete="off" autofocus> <button>Send</button></form>
<ul id="messages"></ul>

<script src="/socket.io/socket.io.js"></script>
<script>
  const socket = io();
  const input = document.getElementById("input");

  document.getElementById("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value) socket.emit("chat message", input.value);
    input.value = "";
  });

  socket.on("chat message", (text) => {
    const item = document.createElement("li");
    item.textContent = text;
    document.getElementById("messages").append(item);
  });
</script>
]]

-- For editors with the Lua language server: where our annotations are.
local function editor_settings()
  local found = package.searchpath("sio", package.path)
  local folder = process.realpath(found:match "^(.*)/sio/init%.lua$" or ".")
  return ([[
{
  "runtime.version": "Lua 5.4",
  "workspace.library": [%s],
  "workspace.checkThirdParty": false
}
]]):format(core.json_encode(folder))
end

local function write(path, text)
  local file, err = io.open(path, "w")
  if not file then return nil, err end
  local written
  written, err = file:write(text)
  file:close()
  return written and true, err
end

-- The folder, made or empty; nil and why.
local function prepare(dir)
  local made, err, code = process.make_folder(dir)
  if made then return true end
  local names = code == "eexist" and process.list_folder(dir)
  if not names then return nil, ("cannot make %s: %s"):format(dir, err) end
  if #names > 0 then return nil, dir .. " is not empty" end
  return true
end

local function fill(dir)
  local made, err = process.make_folder(dir .. "/public")
  if not made then return nil, ("cannot make %s/public: %s"):format(dir, err) end
  for name, text in pairs {
    ["app.lua"] = APP, ["public/index.html"] = PAGE, [".luarc.json"] = editor_settings(),
  } do
    made, err = write(dir .. "/" .. name, text)
    if not made then return nil, err end
  end
  return true
end

local new = {}

--- Makes the application.
---@param words string[] the folder
---@return integer? exit_code
---@return string? err
function new.run(words)
  local dir = words[1]
  if not dir or dir == "" then return nil, "the name of a folder expected" end
  local made, err = prepare(dir)
  if made then made, err = fill(dir) end
  if not made then
    io.stderr:write("sio-lua: ", err, "\n")
    return 1
  end
  local word = dir:find "^[%w%._/-]+$" and dir or "'" .. dir:gsub("'", "'\\''") .. "'"
  print(("made %s/app.lua, public/index.html and .luarc.json; next:\n\n  cd %s\n  sio-lua --watch")
    :format(dir, word))
  return 0
end

return new
