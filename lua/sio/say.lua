-- SPDX-License-Identifier: MIT
-- What a process says of itself to whoever started it, whatever the log's level: a line for people
-- on a log of text, an event of its own in one of JSON.
--
-- Stands on sio.banner and sio.core's log; the command and sio.listening call it.

local banner = require "sio.banner"
local core = require "sio.core"

local say = {}

--- What went wrong.
---@param text string
function say.trouble(text)
  core.log_announce("error", "sio-lua: " .. text, text)
end

--- What is good to know.
---@param text string
function say.news(text)
  core.log_announce("info", "sio-lua: " .. text, text)
end

--- Everybody works.
---@param places string[] where
---@param workers integer
function say.listening(places, workers)
  local pid = core.process.pid()
  core.log_announce("info", banner.line(core.version, places, workers, pid), "listening", {
    "urls", core.json_encode(places), "workers", tostring(workers),
    "version", core.json_encode(core.version),
  })
end

return say
