-- SPDX-License-Identifier: MIT
-- Messages for programmer errors, and what is done with errors of handlers.
--
-- Stands on nothing but sio.core's log; every module of the face calls it. A check raises at the
-- line of the person who called the public function.

local core = require "sio.core"

local errors = {}

local face = debug.getinfo(1, "S").source:match "^(.*/)[^/]*$" or "@"
core.set_face(face)

--- Raises the formatted message with the position of the nearest caller outside this folder: the
--- line where the mistake is. C functions do the same (sio_bind_raise).
---@param format string
---@param ... any
function errors.raise(format, ...)
  local message = select("#", ...) > 0 and format:format(...) or format
  for level = 2, 16 do
    local info = debug.getinfo(level, "S")
    if not info then break end
    if info.what ~= "C" and info.source:sub(1, #face) ~= face then error(message, level) end
  end
  error(message, 0)
end

local seconds_max = 3600 -- more is taken for milliseconds

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

--- Raises unless the first argument is a sensible number of seconds.
---@param method string
---@param value any
function errors.check_seconds(method, value)
  if type(value) ~= "number" or value ~= value or value < 0 then
    errors.raise("bad argument #1 to '%s' (seconds expected, got %s)", method,
      type(value) == "number" and value or type(value))
  end
end

--- What is wrong with a timeout in seconds, or nil.
---@param value number
---@return string?
function errors.seconds_problem(value)
  if value ~= value or value < 0 then return "a number of seconds expected, got " .. value end
  if value > seconds_max then
    return ("%s seconds are more than an hour: seconds, not milliseconds?"):format(value)
  end
end

-- Edits between two words (Levenshtein).
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The known word that was probably meant, or nil.
---@param word string
---@param known table<string, any>
---@return string?
function errors.suggest(word, known)
  local plain = word:gsub("(%l)(%u)", "%1_%2"):lower() -- pingInterval
  local best, best_distance
  for candidate in pairs(known) do
    local d = distance(plain, candidate)
    if not best or d < best_distance or (d == best_distance and candidate < best) then
      best, best_distance = candidate, d
    end
  end
  return best and best_distance <= math.max(2, #best // 3) and best or nil
end

--- Message handler for xpcall.
---@param err any
---@return string
function errors.traceback(err)
  return debug.traceback(tostring(err), 2)
end

--- Logs an error that was caught and runs the error hooks.
---@param what string whose code failed, e.g. "middleware"
---@param message string with traceback
---@param app? table
---@param sid? string
function errors.report(what, message, app, sid)
  core.report(what, message, app, sid)
end

return errors
