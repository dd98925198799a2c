-- SPDX-License-Identifier: MIT
-- Watches an application's folder, and the folders in it, for changed code.
--
-- Stands on sio.core.process; sio.cli.supervisor calls it for --watch. Invariant: every folder is
-- watched before it is listed, so that nothing is made in between unseen.

local core = require "sio.core"

local process = core.process

local watch = {}

watch.DELAY = 0.2 -- seconds from the first change to the report: one save is several events
watch.folders_max = 1000

-- What an application loads at its start. What it serves from disk it reads anew anyhow, and its
-- databases and logs change all the time.
local kinds = { lua = true, etlua = true, html = true, mustache = true, sql = true, tmpl = true }
local left_out = { node_modules = true, lua_modules = true }

---@class sio.cli.Watch
---@field root string
---@field folders table<string, userdata> by path relative to the root, "" the root itself
---@field count integer of folders
---@field files table<string, true> that changed since the last report
---@field touched table<string, true> folders in which something happened since
local Watch = {}
Watch.__index = Watch
Watch.__name = "sio.cli.Watch"

local function join(folder, name)
  return folder == "" and name or folder .. "/" .. name
end

local function is_code(name)
  return kinds[name:match "%.(%w+)$"] or false
end

local function is_hidden(name)
  return name:sub(1, 1) == "." or left_out[name] or false
end

local function drop(self, folder)
  self.folders[folder]:close()
  self.folders[folder] = nil
  self.count = self.count - 1
end

local on_event

-- Watches the folders in one that is watched, and gives the names in it; nil: it is gone. `fresh`:
-- what is in these folders has changed, for it came with them.
local function scan(self, folder, add, fresh)
  local names, folders = process.list_folder(join(self.root, folder))
  if not names then return drop(self, folder) end
  for _, name in ipairs(folders) do
    local path = join(folder, name)
    if not is_hidden(name) and not self.folders[path] then
      local added, err, code = add(self, path, fresh)
      if not added and code ~= "enoent" then
        core.log("warn", ("cannot watch %s: %s"):format(path, err))
      end
    end
  end
  return names
end

-- nil and why when it cannot be watched.
local function add(self, folder, fresh)
  if self.count == watch.folders_max then
    self.full = true
    return true
  end
  local handle, err, code = process.watch_folder(join(self.root, folder), function(name)
    on_event(self, folder, name)
  end)
  if not handle then return nil, err, code end
  self.folders[folder] = handle
  self.count = self.count + 1
  for _, name in ipairs(scan(self, folder, add, fresh) or {}) do
    if fresh and is_code(name) and not is_hidden(name) then
      self.files[join(folder, name)] = true
    end
  end
  return true
end

local function report(self)
  local touched = self.touched
  self.timer, self.touched = nil, {}
  for folder in pairs(touched) do
    if self.folders[folder] then scan(self, folder, add, true) end
  end
  local names = {}
  for name in pairs(self.files) do names[#names + 1] = name end
  self.files = {}
  table.sort(names)
  if #names > 0 then self.on_change(names) end
end

function on_event(self, folder, name)
  if name and is_hidden(name) then return end
  self.touched[folder] = true
  if name and is_code(name) then self.files[join(folder, name)] = true end
  self.timer = self.timer or core.after(watch.DELAY, function() report(self) end)
end

--- Stops watching.
function Watch:close()
  if self.timer then self.timer:cancel() end
  for folder in pairs(self.folders) do drop(self, folder) end
end

--- Calls on_change(names) some time after code changed: paths relative to the folder, sorted. nil
--- and why when it cannot be watched.
---@param root string
---@param on_change fun(names: string[])
---@return sio.cli.Watch?
---@return string? err
function watch.start(root, on_change)
  local self = setmetatable({
    root = root, folders = {}, count = 0, files = {}, touched = {}, on_change = on_change,
  }, Watch)
  local added, err = add(self, "", false)
  if not added then return nil, ("cannot watch %s: %s"):format(root, err) end
  if self.full then
    core.log("warn", ("%s has more than %d folders, the rest is not watched")
      :format(root, watch.folders_max))
  end
  return self
end

return watch
