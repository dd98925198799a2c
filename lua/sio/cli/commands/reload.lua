-- SPDX-License-Identifier: MIT
-- sio-lua reload: replaces its workers one by one, with the application as it is now, and waits for
-- the end of it.

local client = require "sio.cli.client"
local target = require "sio.cli.target"

local function run(asked)
  local found, err = target.find(asked)
  if not found then return 1, err end
  local answer
  -- It takes as long as starting and draining every worker does.
  answer, err = client.ask(found.path, { op = "reload" }, math.huge)
  if not answer then return 1, "not reloaded: " .. err end
  return 0
end

return { run = client.command(run) }
