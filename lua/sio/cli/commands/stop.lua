-- SPDX-License-Identifier: MIT
-- sio-lua stop: ends it and waits until its process is gone.

local client = require "sio.cli.client"
local core = require "sio.core"
local target = require "sio.cli.target"

local LOOK = 0.01 -- seconds between looks whether the process is gone

-- The connection ends with the process, or a moment before.
local function wait_for_end(connection)
  local last
  repeat
    local answer = connection:receive()
    last = answer or last
  until not answer
  return last or {}
end

local function run(asked)
  local found, err = target.find(asked)
  if not found then return 1, err end
  local connection
  connection, err = client.connect(found.path)
  if not connection then return 1, ("%s: %s"):format(found.path, err) end
  local answer
  answer, err = connection:ask({ op = "stop", now = asked.now }, client.patience)
  if not answer then return 1, err end
  local pid = answer.pid
  local last = wait_for_end(connection)
  while pid and core.process.is_alive(pid) do core.sleep(LOOK) end
  if asked.now or last.exit_code == 0 then return 0 end
  return 1, ("it ended with status %d"):format(last.exit_code or 1)
end

return { run = client.command(run) }
