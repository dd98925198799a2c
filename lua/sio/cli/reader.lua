-- SPDX-License-Identifier: MIT
-- Reads sio.conf.lua in a process of its own: the supervisor runs nobody's code, and a file that
-- hangs or crashes ends nothing.
--
-- Stands on sio.cli.conf, which it runs in the child, and on sio.cli.enquiry. sio.cli calls run()
-- in the child, read() at the start; the supervisor calls begin() at a reload.

local core = require "sio.core"
local enquiry = require "sio.cli.enquiry"
local message = require "sio.cli.message"

local process = core.process

local reader = {}

reader.LIMIT = 10             -- seconds that a file may take
reader.BYTES_MAX = 64 * 1024  -- of its options as JSON
local ORPHAN = 1              -- seconds after which the kernel ends a child that nobody waits for

--- In the child: sends what the file means, or what is wrong with it.
---@param file string
---@return integer exit_code
function reader.run(file)
  local link, err = enquiry.link()
  if not link then
    io.stderr:write("sio-lua: --read is for sio-lua itself: ", err, "\n")
    return 2
  end
  local options, text
  process.orphan_limit(math.tointeger(tonumber(os.getenv "SIO_READER_OF")) or 0, ORPHAN)
  options, err = require("sio.cli.conf").load(file)
  local fits = pcall(function() text = message.encode { options = options, err = err } end)
  if not fits then
    text = message.encode { err = file .. ": lists and tables with names cannot be mixed" }
  elseif #text > reader.BYTES_MAX then
    text = message.encode { err = ("%s: more than %d bytes of options"):format(file,
      reader.BYTES_MAX) }
  end
  link:send(text)
  return 0
end

---@class sio.cli.Reading
---@field enquiry sio.cli.Enquiry
---@field name string the file
---@field late? string it was ended, and why

local function cancel(self, why)
  self.late = why
  self.enquiry:kill "kill"
end

--- Starts a child that reads; done(options) or done(nil, err) will be called once, unless it could
--- not be started: nil and why.
---@param command string[] that calls run()
---@param done fun(options?: sio.cli.Options, err?: string)
---@param limit? number seconds
---@return sio.cli.Reading?
---@return string? err
function reader.begin(command, done, limit)
  limit = limit or reader.LIMIT
  local self = { name = command[#command] }
  local timer, err
  local environment = { "SIO_READER_OF=" .. process.pid() }
  self.enquiry, err = enquiry.begin(command, environment, function(answer, _, how)
    timer:cancel()
    if answer then return done(answer.options, answer.err) end
    done(nil, self.late or ("reading %s %s"):format(self.name, how))
  end)
  if not self.enquiry then return nil, err end
  timer = core.after(limit, function()
    cancel(self, ("%s takes longer than %g seconds"):format(self.name, limit))
  end)
  return self
end

--- The same before there is a supervisor: returns when it is known.
---@param command string[]
---@param limit? number
---@return sio.cli.Options?
---@return string? err
function reader.read(command, limit)
  local options, err, reading, why
  local signals = {}
  core.spawn(function()
    for i, name in ipairs { "int", "term" } do
      signals[i] = process.signal(name, function()
        cancel(reading, "interrupted while reading " .. reading.name)
      end)
    end
    reading, why = reader.begin(command, function(...)
      options, err = ...
      core.stop()
    end, limit)
    if reading then return end
    err = why
    core.stop()
  end)
  core.run()
  for _, signal in ipairs(signals) do signal:close() end
  return options, err
end

return reader
