-- SPDX-License-Identifier: MIT
-- What a worker's silence means. Pure: times come in as numbers of seconds, so that the specs
-- need no clock. The supervisor calls tick() at each look and verdict() for each worker.

local heartbeat = {}

heartbeat.PERIOD = 0.25  -- seconds between looks
heartbeat.SUSPECT = 1    -- seconds of silence after which a worker gets no new clients
heartbeat.HANGING = 10   -- ... after which it is killed (upstream's heartbeatTimeout)
heartbeat.STARTING = 60  -- ... while it is not ready yet: an app file may compute

---@class sio.cli.Heartbeat
---@field suspect number seconds
---@field hanging number seconds
---@field last number when tick() ran last
---@field awake_since number since when it has run without a gap
local Heartbeat = {}
Heartbeat.__index = Heartbeat
Heartbeat.__name = "sio.cli.Heartbeat"

---@param now number
---@return sio.cli.Heartbeat
function heartbeat.new(now)
  return setmetatable({
    last = now, awake_since = now, suspect = heartbeat.SUSPECT, hanging = heartbeat.HANGING,
  }, Heartbeat)
end

--- Why these limits make no sense, if they do not; nil: the defaults.
---@param suspect? number
---@param hanging? number
---@return string?
function heartbeat.problem(suspect, hanging)
  suspect, hanging = suspect or heartbeat.SUSPECT, hanging or heartbeat.HANGING
  if suspect <= hanging then return nil end
  return ("suspect_after: at most heartbeat_timeout, %g seconds, expected, got %g")
    :format(hanging, suspect)
end

--- Other limits; nil: the defaults.
---@param suspect? number
---@param hanging? number
function Heartbeat:limit(suspect, hanging)
  self.suspect, self.hanging = suspect or heartbeat.SUSPECT, hanging or heartbeat.HANGING
end

--- Notes that we look now. Time in which we did not run ourselves says nothing about others.
---@param now number
function Heartbeat:tick(now)
  if now - self.last > 2 * heartbeat.PERIOD then self.awake_since = now end
  self.last = now
end

--- What to think of a worker whose heartbeat is `silence` seconds old.
---@param silence number
---@param ready boolean
---@return "fine"|"suspect"|"hanging"
function Heartbeat:verdict(silence, ready)
  silence = math.min(silence, self.last - self.awake_since)
  if silence > (ready and self.hanging or heartbeat.STARTING) then return "hanging" end
  return ready and silence > self.suspect and "suspect" or "fine"
end

return heartbeat
