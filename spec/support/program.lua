-- SPDX-License-Identifier: MIT
-- sio-lua as a process, for specs: a folder with an app in it, the program, its output by lines.
--
--     local folder = program.folder()          folder:write("app.lua", text), folder:remove()
--     local p = folder:start "-w 2"            p.expect(pattern), p.signal "INT", p.wait()
--
-- Waiting is reading the output: the end of it means that no process of the program's has the pipe
-- any more.

local core = require "sio.core"

local limit = 60 -- seconds after which a hanging program is killed, so that the spec fails and ends

local program = {}

local Folder = {}
Folder.__index = Folder

--- Writes a file, in a folder that is there.
function Folder:write(name, text)
  local file = assert(io.open(self.path .. "/" .. name, "w"))
  file:write(text)
  file:close()
end

--- All that is in a file.
function Folder:read(name)
  local file = assert(io.open(self.path .. "/" .. name))
  local text = file:read "a"
  file:close()
  return text
end

--- The programs that were started in it end as well.
function Folder:remove()
  for _, each in ipairs(self.programs) do each.stop "KILL" end
  os.execute("rm -r " .. self.path)
end

--- A new folder.
function program.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(core.process.make_folder(path))
  return setmetatable({ path = path, programs = {} }, Folder)
end

--- Runs sio-lua in the folder.
function Folder:start(arguments, environment)
  local root = core.process.realpath "."
  local pipe = io.popen(("cd %s && exec env -u PORT -u SIO_WORKERS -u WEB_CONCURRENCY " ..
    "SIO_LUA=lua5.4 %s LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s;;' " ..
    "timeout --foreground -s KILL %d %s/bin/sio-lua %s 2>&1"):format(self.path,
    environment or "", root, root, package.cpath, limit, root, arguments or ""))
  local this = { lines = {} }
  table.insert(self.programs, this)

  -- Reads until a line matches; its captures.
  function this.expect(pattern)
    for line in pipe:lines() do
      table.insert(this.lines, line)
      local found = { line:match(pattern) }
      if found[1] then
        this.pid = this.pid or line:match "%(pid (%d+)%)$"
        return table.unpack(found)
      end
    end
    error(("no line matches %q in:\n%s"):format(pattern, table.concat(this.lines, "\n")), 2)
  end

  -- Reads to the end: every process is gone. The exit code.
  function this.wait()
    for line in pipe:lines() do table.insert(this.lines, line) end
    local _, _, code = pipe:close()
    pipe = nil
    return code
  end

  function this.signal(name, pid)
    assert(os.execute(("kill -%s %s"):format(name, pid or this.pid)))
  end

  function this.stop(name)
    if not pipe then return end
    if this.pid then os.execute(("kill -%s %s 2>/dev/null"):format(name, this.pid)) end
    pipe:close()
  end

  -- The pids of `n` workers by number, of an app whose on_start says "started NUMBER PID".
  function this.started(n)
    local pids = {}
    for _ = 1, n do
      local number, pid = this.expect "^started (%d+) (%d+)$"
      pids[tonumber(number)] = pid
    end
    return pids
  end

  -- Ends it as from a terminal: the exit code.
  function this.interrupt()
    this.signal "INT"
    return this.wait()
  end

  function this.output() return table.concat(this.lines, "\n") end

  return this
end

--- Waits for the banner: port, "2 workers".
function program.ready(self)
  local url, workers = self.expect "^sio%-lua %S+  (http://%S+)  (%d+ workers?)  %(pid %d+%)$"
  return url:match ":(%d+)$", workers
end

--- GETs a path over a connection of its own: the body, or the whole answer when it has none.
function program.fetch(port, path)
  local pipe = io.popen(("bash -c 'exec 3<>/dev/tcp/127.0.0.1/%s; " ..
    "printf \"GET %s HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n\" >&3; " ..
    "cat <&3' 2>&1"):format(port, path))
  local answer = pipe:read "a"
  pipe:close()
  return answer:match "\r\n\r\n(.+)$" or answer
end

return program
