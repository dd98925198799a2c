-- SPDX-License-Identifier: MIT
-- sio-lua status: what runs, as a table or as JSON, once or again and again. Of several that run,
-- when none is named, a list.

local client = require "sio.cli.client"
local core = require "sio.core"
local status_table = require "sio.cli.status_table"
local target = require "sio.cli.target"

local CLEAR = "\27[H\27[J" -- the cursor to the top, and nothing below it

local function ask(found)
  local answer, err = client.ask(found.path, { op = "status" })
  if not answer then return nil, ("%s: %s"):format(found.path, err) end
  return answer.status
end

local function text_of(status, asked)
  return asked.json and client.json(status) or status_table.render(status)
end

-- Until it is gone, or the command is interrupted.
local function repeat_every(found, asked)
  local clear = not asked.json and core.process.isatty(1)
  while true do
    local status, err = ask(found)
    if not status then return 1, err end
    io.stdout:write(clear and CLEAR or "", text_of(status, asked))
    io.stdout:flush()
    core.sleep(asked.every)
  end
end

local function list(several, asked)
  local statuses = {}
  for i, each in ipairs(several) do statuses[i] = each.status end
  io.stdout:write(asked.json and client.json(statuses) or status_table.list(statuses))
  return 0
end

local function run(asked)
  local found, err, several = target.find(asked)
  if several then return list(several, asked) end
  if not found then return 1, err end
  if asked.every then return repeat_every(found, asked) end
  local status = found.status
  if not status then status, err = ask(found) end
  if not status then return 1, err end
  io.stdout:write(text_of(status, asked))
  return 0
end

return { run = client.command(run) }
