-- SPDX-License-Identifier: MIT
-- sio-lua list: all that run, one line each.

local client = require "sio.cli.client"
local status_table = require "sio.cli.status_table"

local function run(asked)
  local statuses = {}
  for i, each in ipairs(client.running()) do statuses[i] = each.status end
  if asked.json then
    io.stdout:write(client.json(statuses))
  elseif #statuses == 0 then
    io.stdout:write "no sio-lua is running\n"
  else
    io.stdout:write(status_table.list(statuses))
  end
  return 0
end

return { run = client.command(run) }
