-- SPDX-License-Identifier: MIT
-- Messages for programmer errors, and what is done with errors of handlers.
--
-- Stands on sio.core's log and sio.suggest; every module of the face calls it. A check raises at
-- the line of the person who called the public function.

local core = require "sio.core"
local suggest = require "sio.suggest"

local errors = {}

local face = debug.getinfo(1, "S").source:match "^(.*/)[^/]*$" or "@"
core.set_face(face)

--- Whether a function (debug.getinfo's "S") is of this folder.
---@param info table
---@return boolean
function errors.is_ours(info)
  return info.source:sub(1, #face) == face
end

--- Raises the formatted message with the position of the nearest caller outside this folder: the
--- line where the mistake is. C functions do the same (sio_bind_raise).
---@param format string
---@param ... any
function errors.raise(format, ...)
  local message = select("#", ...) > 0 and format:format(...) or format
  for level = 2, 16 do
    local info = debug.getinfo(level, "S")
    if not info then break end
    if info.what ~= "C" and not errors.is_ours(info) then error(message, level) end
  end
  error(message, 0)
end

local seconds_max = 3600 -- more is taken for milliseconds
local timer_max = 1e9 -- 31 years

--- Raises unless the value has the type.
---@param method string
---@param index integer
---@param expected string
---@param value any
function errors.check_argument(method, index, expected, value)
  if type(value) ~= expected then
    errors.raise("bad argument #%d to '%s' (%s expected, got %s)", index, method, expected,
      type(value))
  end
end

--- Raises unless an argument, the first, is a number of seconds that a timer can have.
---@param method string
---@param value any
---@param index? integer
function errors.check_seconds(method, value, index)
  if type(value) ~= "number" or not (value >= 0 and value <= timer_max) then
    errors.raise("bad argument #%d to '%s' (seconds expected, got %s)", index or 1, method,
      type(value) == "number" and value or type(value))
  end
end

--- Raises unless the method was called on an object of its class: `app.on("connection", fn)` is
--- the slip of everybody who comes from JavaScript.
---@param method string
---@param self any
---@param class table metatable
function errors.check_self(method, self, class)
  if getmetatable(self) ~= class then
    errors.raise("bad self to '%s' (%s expected; methods are called with a colon)", method,
      class.__name)
  end
end

--- What is wrong with a timeout in seconds, or nil.
---@param value number
---@param hours? integer how many are plausible; default 1
---@return string?
function errors.seconds_problem(value, hours)
  hours = hours or 1
  if value ~= value or value < 0 then return "a number of seconds expected, got " .. value end
  if value > seconds_max * hours then
    return ("%s seconds are more than %s: seconds, not milliseconds?"):format(value,
      hours == 1 and "an hour" or hours .. " hours")
  end
end

--- JavaScript's pingInterval is our ping_interval.
---@param word string
---@return string
function errors.snake(word)
  return (word:gsub("(%l)(%u)", "%1_%2"):lower())
end

--- The known word that was probably meant, or nil.
---@param word string
---@param known table<string, any>
---@return string?
function errors.suggest(word, known)
  return suggest.nearest(errors.snake(word), known)
end

-- error { code = 5 } says its fields, which "table: 0x..." would not.
local function text_of(err)
  local mt = type(err) == "table" and getmetatable(err)
  local plain = mt == nil or type(mt) == "table" and not mt.__tostring
  return plain and core.json_encode(err) or tostring(err)
end

--- What an error says. Its __tostring is people's code, and may fail itself.
---@param err any
---@return string
function errors.text(err)
  local ok, text = pcall(text_of, err)
  return ok and text or "(an error whose text cannot be made)"
end

--- Message handler for xpcall.
---@param err any
---@return string
function errors.traceback(err)
  return debug.traceback(errors.text(err), 2)
end

--- Logs an error that was caught and runs the error hooks.
---@param what string whose code failed, e.g. "middleware"
---@param message string with traceback
---@param app? table
---@param sid? string
---@param nsp? string the namespace's name
function errors.report(what, message, app, sid, nsp)
  core.report(what, tostring(message), app, sid, nsp)
end

return errors
