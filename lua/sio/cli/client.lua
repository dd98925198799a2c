-- SPDX-License-Identifier: MIT
-- The command's side of a control socket: finds those that run, asks one, waits for answers.
--
-- Stands on process.lines and sio.cli.place; sio.cli.commands.* call it.

local core = require "sio.core"
local place = require "sio.cli.place"

local cjson = require("cjson").new()

local process, job = core.process, core.job

local client = {
  line_max = 4 << 20, -- bytes of an answer
  patience = 5,       -- seconds for an answer that needs no waiting
}

---@class sio.cli.Client
---@field lines userdata
---@field queue table[] answers that came
---@field gone? string why there will be no more
local Client = {}
Client.__index = Client
Client.__name = "sio.cli.Client"

local function wake(self)
  local ticket = self.ticket
  self.ticket = nil
  if ticket then job.wake(ticket) end
end

local function on_line(self, text)
  local decoded, answer = pcall(cjson.decode, text)
  if not decoded or type(answer) ~= "table" then
    answer = { ok = false, error = "not understood: " .. text:sub(1, 80) }
  end
  table.insert(self.queue, answer)
  wake(self)
end

--- Connects; nil and why not.
---@param path string
---@return sio.cli.Client?
---@return string? err
function client.connect(path)
  local fd, err = process.dial_unix(path)
  if not fd then return nil, err end
  local self = setmetatable({ queue = {} }, Client)
  self.lines, err = process.lines(fd, {
    on_line = function(_, text) on_line(self, text) end,
    on_gone = function(_, why)
      self.gone = why
      wake(self)
    end,
  }, client.line_max)
  if not self.lines then return nil, err end
  return self
end

--- Sends a command.
---@param request table
function Client:send(request)
  self.lines:send(cjson.encode(request))
end

--- The next answer; nil and why there is none.
---@async
---@param patience? number seconds; nil: as long as it takes
---@return table?
---@return string? err
function Client:receive(patience)
  while #self.queue == 0 and not self.gone do
    local ticket = job.ticket()
    self.ticket = ticket
    local late = false
    local timer = patience and patience < math.huge and core.after(patience, function()
      late = true
      wake(self)
    end)
    job.wait(ticket)
    if timer then timer:cancel() end
    if late then return nil, "no answer" end
  end
  if #self.queue > 0 then return table.remove(self.queue, 1) end
  return nil, self.gone == "closed" and "the connection was closed" or self.gone
end

--- Sends a command and gives its answer; nil and why it was refused, or not answered.
---@async
---@param request table
---@param patience? number
---@return table?
---@return string? err
function Client:ask(request, patience)
  self:send(request)
  local answer, err = self:receive(patience)
  if not answer then return nil, err end
  if answer.ok ~= true then return nil, tostring(answer.error or "refused") end
  return answer
end

function Client:close()
  self.lines:close()
end

--- One command to who listens on a path: its answer; nil and why not.
---@async
---@param path string
---@param request table
---@param patience? number seconds, math.huge: as long as it takes; client.patience
---@return table?
---@return string? err
function client.ask(path, request, patience)
  local self, err = client.connect(path)
  if not self then return nil, err end
  local answer
  answer, err = self:ask(request, patience or client.patience)
  self:close()
  return answer, err
end

--- Those that run and answer, with their status.
---@async
---@param pid? integer that one only
---@return { path: string, pid: integer, status: table }[]
function client.running(pid)
  local list = {}
  for _, socket in ipairs(place.sockets(pid)) do
    local answer = client.ask(socket.path, { op = "status" })
    if answer then
      list[#list + 1] = { path = socket.path, pid = socket.pid, status = answer.status }
    end
  end
  return list
end

--- A status, or a list of them, as a line of JSON for programs: what is a list is one when it is
--- empty, too. lua-cjson, which reads the answers, cannot tell.
---@param value table
---@return string
function client.json(value)
  for _, status in ipairs(value.restarts and { value } or value) do
    core.json_mark(status.restarts, "object")
  end
  return core.json_encode(value) .. "\n"
end

--- fn(asked) -> exit code, what went wrong, as the run() of a command: it may wait.
---@param fn async fun(asked: table): integer, string?
---@return fun(asked: table): integer exit_code
function client.command(fn)
  return function(asked)
    local code, err
    core.spawn(function()
      local ran, first, second = pcall(fn, asked)
      code, err = first, second
      if not ran then code, err = 1, tostring(first) end
      core.stop()
    end)
    core.run()
    if err then io.stderr:write("sio-lua: ", err, "\n") end
    return code
  end
end

return client
