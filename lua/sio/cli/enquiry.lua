-- SPDX-License-Identifier: MIT
-- A process of ours that is started for one answer: it sends a message on its descriptor 3, or
-- none, and ends. Who has asked goes on when both are known.
--
-- Stands on sio.core.process and sio.cli.message. sio.cli.reader asks what a file of options says,
-- sio.cli.reload whether an application loads. Invariant: what was sent comes before the end.

local core = require "sio.core"
local message = require "sio.cli.message"

local process = core.process

local LINK_FD = 3

---@class sio.cli.Enquiry
---@field child userdata
---@field link userdata
---@field done fun(answer?: table, status: integer, how: string)
---@field answer? table
---@field silent boolean it says nothing more
---@field how? string the process has ended, so
---@field status? integer and with this, when not by a signal
local Enquiry = {}
Enquiry.__index = Enquiry
Enquiry.__name = "sio.cli.Enquiry"

local function settle(self)
  if not self.how or not (self.answer or self.silent) then return end
  self.link:close()
  local done = self.done
  self.done = function() end
  done(self.answer, self.status, self.how)
end

local function spawn(self, command, environment, descriptor)
  local err
  self.child, err = process.spawn(command, environment, { descriptor }, function(_, status, signal)
    self.status = signal == 0 and status or -1
    self.how = signal ~= 0 and "was ended by signal " .. signal or "ended with status " .. status
    settle(self)
  end)
  return self.child and true, err
end

local function listen(self, descriptor)
  self.link = process.link(descriptor, {
    on_message = function(_, text)
      self.answer = message.decode(text)
      settle(self)
    end,
    on_gone = function()
      self.silent = true
      settle(self)
    end,
  })
end

--- Ends the process, whose answer is not waited for any more.
---@param signal string
function Enquiry:kill(signal)
  self.silent = true
  self.child:kill(process.signal_number(signal))
end

local enquiry = {}

--- Starts a process; done(answer, status, how it has ended) will be called once. nil and why it
--- could not be started.
---@param command string[]
---@param environment string[]
---@param done fun(answer?: table, status: integer, how: string)
---@return sio.cli.Enquiry?
---@return string? err
function enquiry.begin(command, environment, done)
  local ours, theirs = process.link_pair()
  if not ours then return nil, theirs end
  local self = setmetatable({ done = done, silent = false }, Enquiry)
  local spawned, err = spawn(self, command, environment, theirs)
  process.close(theirs)
  if not spawned then
    process.close(ours)
    return nil, err
  end
  listen(self, ours)
  return self
end

--- In the process: the link that the answer is sent on, as message.encode makes it; nil and why
--- there is none.
---@return userdata?
---@return string? err
function enquiry.link()
  return process.link(LINK_FD, {})
end

return enquiry
