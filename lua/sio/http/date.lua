-- SPDX-License-Identifier: MIT
-- HTTP dates (RFC 9110 §5.6.7) <-> seconds since 1970. Not os.date: its names follow the locale.

local date = {}

local days = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" } -- 1970-01-01 was a Thursday
local months = {
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}
local month_of = {}
for i, name in ipairs(months) do month_of[name] = i end

-- Days since 1970-01-01 of a date in the Gregorian calendar. Years begin in March, so that the leap
-- day is a year's last.
local function days_from(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = year // 4 - year // 100 + year // 400
  return year * 365 + leaps + (153 * (month - 3) + 2) // 5 + day - 1 - 719468
end

--- "Sun, 06 Nov 1994 08:49:37 GMT"
---@param seconds integer
---@return string
function date.format(seconds)
  local t = os.date("!*t", seconds)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(days[seconds // 86400 % 7 + 1], t.day,
    months[t.month], t.year, t.hour, t.min, t.sec)
end

-- Two digits mean the year of the last 50 or next 50 that ends in them.
local function full_year(year)
  if year >= 100 then return year end
  local now = os.date("!*t").year
  local full = now - now % 100 + year
  return full > now + 50 and full - 100 or full
end

local function split(text)
  local day, month, year, clock =
    text:match "^%a+, (%d%d)[ %-](%a%a%a)[ %-](%d%d%d?%d?) (%d%d:%d%d:%d%d) GMT$"
  if day then return day, month, year, clock end
  month, day, clock, year = text:match "^%a%a%a (%a%a%a) ([ %d]%d) (%d%d:%d%d:%d%d) (%d%d%d%d)$"
  return day, month, year, clock
end

--- Of all three forms that a recipient must know; nil for anything else.
---@param text string
---@return integer?
function date.parse(text)
  local day, name, year, clock = split(text)
  local month = name and month_of[name]
  if not month then return nil end
  local hour, minute, second = clock:match "(%d%d):(%d%d):(%d%d)"
  return days_from(full_year(tonumber(year)), month, tonumber(day)) * 86400
    + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
end

return date
