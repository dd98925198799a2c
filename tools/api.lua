-- SPDX-License-Identifier: MIT
-- docs/guide/from-javascript.md checked: every public name of the official server has a row, every
-- Lua name in a row exists in the code and is annotated, every public name of the classes has a
-- row, and the examples compile and name nothing that is not there.
--   lua5.4 tools/api.lua

package.path = "tools/?.lua;" .. package.path
local complaints = require "complaints"
local face = require "face"

local page_name = "docs/guide/from-javascript.md"

-- The names that the official server's objects have, section by section.
local checklist = {
  Server = [[adapter allSockets attach attachApp bind close compress connectTimeout
    disconnectSockets emit except fetchSockets in listen local of onconnection path send serve
    serveClient serverSideEmit serverSideEmitWithAck socketsJoin socketsLeave timeout to use
    volatile write engine httpServer sockets on once off listeners emitWithAck]],
  Namespace = [[allSockets compress disconnectSockets emit except fetchSockets in listeners local
    on once send serverSideEmit serverSideEmitWithAck socketsJoin socketsLeave timeout to use
    volatile write name sockets adapter server emitWithAck]],
  Adapter = [[on once off nsp rooms sids socketRooms serverCount sockets addAll del delAll broadcast
    broadcastWithAck fetchSockets addSockets delSockets disconnectSockets serverSideEmit
    persistSession restoreSession init close]],
  BroadcastOperator = [[allSockets compress disconnectSockets emit emitWithAck except fetchSockets
    in local socketsJoin socketsLeave timeout to volatile]],
  Socket = [[broadcast compress conn disconnect disconnected emit emitWithAck except in join leave
    listenersAny listenersAnyOutgoing local offAny offAnyOutgoing onAny onAnyOutgoing prependAny
    prependAnyOutgoing request rooms send timeout to use volatile write id handshake data connected
    recovered nsp client on once off listeners]],
  RemoteSocket = "id handshake rooms data emit timeout join leave disconnect",
  ["Client and engine"] = [[client.conn client.request engine.attach engine.close
    engine.clientsCount engine.generateId engine.handleRequest engine.handleUpgrade
    engine.onWebTransportSession engine.use engine.upgrades engine.opts engine.httpServer]],
  Flags = "volatile compress local broadcast binary timeout expectSingleResponse",
}

-- What a name stands for: the classes whose members it has, and where they must have rows.
local class_of = {
  sio = "sio", app = "sio.Server", nsp = "sio.Namespace", parent = "sio.Parent",
  operator = "sio.Broadcast", socket = "sio.Socket", remote = "sio.RemoteSocket",
  conn = "sio.Session", engine = "sio.Front", adapter = "sio.Adapter",
}
-- A parent has what a namespace has, and its rows are those.
local rows_of = { ["sio.Parent"] = "nsp" }

local read = complaints.read
local function complain(...) complaints.add(page_name, ...) end

local function read_all(pattern)
  local texts = {}
  local files = assert(io.popen("ls " .. pattern))
  for name in files:lines() do texts[name] = read(name) end
  files:close()
  return texts
end

-- ---- what there is --------------------------------------------------------------------------

local classes = face.classes()
local annotated = {} -- [class][name]: "field" or "function"
local parents = {} -- [class]: the classes that it extends, "a, b"

-- The annotations of a file: fields of classes, and functions with a comment above them.
local function read_annotations(text)
  local class, documented = nil, false
  local class_of_local = {}
  local function add(owner, name, kind)
    annotated[owner] = annotated[owner] or {}
    annotated[owner][name] = kind
  end
  for line in text:gmatch "[^\n]+" do
    local named, extends = line:match "^%-%-%-@class ([%w_.]+)%s*:?%s*([%w_., ]*)"
    local field = line:match "^%-%-%-@field ([%w_]+)"
    local made = line:match "^local (%u%w*)%s*=" or line:match "^local (sio) ="
    local owner, name = line:match "^%s*function ([%w_]+)[.:]([%w_]+)"
    if named then
      class = named
      parents[class] = extends ~= "" and extends or parents[class] or ""
    elseif field and class then
      add(class, field, "field")
    elseif made and class then
      class_of_local[made] = class
    elseif name and documented and class_of_local[owner] then
      add(class_of_local[owner], name, "function")
    end
    documented = line:find "^%s*%-%-%-" ~= nil
  end
end

for _, text in pairs(read_all "lua/sio/*.lua") do read_annotations(text) end

local function look_up(list, class, name)
  local found = list[class] and list[class][name]
  for parent in (parents[class] or ""):gmatch "[%w_.]+" do
    found = found or look_up(list, parent, name)
  end
  return found
end

-- Fields that the core or a constructor gives to an object stand in the sources.
local sources = {}
for _, pattern in ipairs { "csrc/bind/*.c", "lua/sio/*.lua" } do
  for _, text in pairs(read_all(pattern)) do sources[#sources + 1] = text end
end
sources = table.concat(sources)

local function exists(class, name)
  if class == "sio" then return look_up(annotated, class, name) end
  if look_up(classes, class, name) then return true end
  return look_up(annotated, class, name) == "field"
    and (sources:find('"' .. name .. '"', 1, true) or sources:find("%f[%w_]" .. name .. " = "))
end

local function check_name(class, name)
  if not exists(class, name) then
    complain("%s has no '%s'", class, name)
  elseif not look_up(annotated, class, name) then
    complain("'%s' of %s has no annotation", name, class)
  end
end

-- ---- rows -----------------------------------------------------------------------------------

-- Options stand in the first column of tables too: they are fields of these.
local function check_option(name)
  if not (annotated["sio.Options"][name] or annotated["sio.EngineOptions"][name]) then
    complain("there is no option '%s'", name)
  end
end

local shown = {} -- [receiver][name]: has a row

local function check_lua(column)
  for token in column:gmatch "`([^`]+)`" do
    local receiver, name = token:match "^(%l+)[.:]([%w_]+)$"
    if not receiver then
      check_option(token)
    elseif not class_of[receiver] then
      complain("nobody knows '%s'", token)
    else
      shown[receiver] = shown[receiver] or {}
      shown[receiver][name] = true
      check_name(class_of[receiver], name)
    end
  end
end

-- Every member of the things with these names that an example uses.
local function check_example(code)
  if not (load(code, "=example") or load("return " .. code, "=example")) then
    complain("no Lua: %s", code)
  end
  for receiver, name in code:gmatch "%f[%w_](%l+)[.:]([%w_]+)" do
    local class = class_of[receiver]
    if class and not (exists(class, name)) then
      complain("%s has no '%s': %s", class, name, code)
    end
  end
end

-- The rows of a page: section, and four columns.
local function each_row(page)
  return coroutine.wrap(function()
    local section
    for line in page:gmatch "[^\n]+" do
      section = line:match "^## (.+)" or section
      local js, lua, example = line:match "^| (.-) | (.-) | `(.-)` | "
      if js then coroutine.yield(section, js, lua, example) end
    end
  end)
end

local has = {} -- [section][JavaScript name]
for section, js, lua, example in each_row(read(page_name)) do
  has[section] = has[section] or {}
  for name in js:gmatch "`([^`]+)`" do has[section][name] = true end
  check_lua(lua)
  check_example(example)
end

for section, names in pairs(checklist) do
  for name in names:gmatch "%S+" do
    if not (has[section] and has[section][name]) then
      complain("%s: '%s' has no row", section, name)
    end
  end
end
for receiver, class in pairs(class_of) do
  for name in pairs(receiver ~= "sio" and classes[class] or {}) do
    local rows = shown[receiver] or {}
    local others = shown[rows_of[class] or receiver] or {}
    if not rows[name] and not others[name] then
      complain("'%s' of %s has no row", name, class)
    end
  end
end

complaints.finish()
