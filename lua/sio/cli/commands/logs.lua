-- SPDX-License-Identifier: MIT
-- sio-lua logs: the last lines of all its processes, and with -f those to come; on a terminal as
-- text, else as they were logged.

local client = require "sio.cli.client"
local core = require "sio.core"
local log_text = require "sio.cli.log_text"
local target = require "sio.cli.target"

-- False when nobody reads them any more.
local function print_lines(answer, text_of)
  if (answer.lost or 0) > 0 then
    io.stderr:write(("sio-lua: %.0f lines are missing here\n"):format(answer.lost))
  end
  for _, line in ipairs(answer.lines) do
    if not io.stdout:write(text_of(line), "\n") then return false end
  end
  return io.stdout:flush() and true or false
end

local function as_it_is(line) return line end

local function run(asked)
  local text_of = core.process.isatty(1) and log_text.of or as_it_is
  local found, err = target.find(asked)
  if not found then return 1, err end
  local connection
  connection, err = client.connect(found.path)
  if not connection then return 1, ("%s: %s"):format(found.path, err) end
  connection:send { op = "logs", lines = asked.lines, follow = asked.follow }
  local patience = client.patience
  while true do
    local answer
    answer, err = connection:receive(patience)
    if not answer then
      -- With it, the logs end.
      if patience then return 1, err end
      return 0
    elseif answer.lines then
      if not print_lines(answer, text_of) then return 0 end
    elseif not answer.ok then
      return 1, tostring(answer.error)
    elseif not asked.follow then
      return 0
    else
      patience = nil
    end
  end
end

return { run = client.command(run) }
