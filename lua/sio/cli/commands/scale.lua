-- SPDX-License-Identifier: MIT
-- sio-lua scale N: as many workers from now on.

local client = require "sio.cli.client"
local target = require "sio.cli.target"
local values = require "sio.cli.values"

local take = values.integer(1, values.workers_max)

local function scale(asked)
  local found, err = target.find(asked)
  if not found then return 1, err end
  local answer
  answer, err = client.ask(found.path, { op = "scale", workers = asked.workers })
  if not answer then return 1, err end
  return 0
end

local run = client.command(scale)

return {
  run = function(asked)
    local word = asked[1]
    if not word then return nil, "a number of workers expected" end
    local n, expected = take(word)
    if not n then return nil, ('expected %s, got "%s"'):format(expected, word) end
    asked.workers = n
    return run(asked)
  end,
}
