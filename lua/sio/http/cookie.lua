-- SPDX-License-Identifier: MIT
-- The option `cookie`: a Set-Cookie field with the session's id, for proxies that stick by it.
--
-- Stands on date.lua; options/hooks.lua has checked the option, gate.lua asks for each session.

local date = require "sio.http.date"

local cookie = {}

local same_site = { lax = "Lax", strict = "Strict", none = "None" }

-- Everything behind the value but Secure, which depends on the connection.
local function attributes(options)
  local list = {}
  local function add(format, value)
    if value then list[#list + 1] = format:format(value) end
  end
  add("Max-Age=%d", options.max_age)
  add("Domain=%s", options.domain)
  add("Path=%s", options.path)
  add("Expires=%s", options.expires and date.format(math.tointeger(options.expires)))
  add("HttpOnly", options.http_only and "")
  return list
end

--- A function from a session's id to the field's value.
---@param options sio.CookieOptions
---@return fun(sid: string, secure: boolean): string
function cookie.new(options)
  local head = options.name .. "="
  local tail = attributes(options)
  tail = #tail > 0 and "; " .. table.concat(tail, "; ") or ""
  local site = options.same_site and "; SameSite=" .. same_site[options.same_site] or ""
  local encode = options.encode or function(sid) return sid end
  return function(sid, secure)
    if options.secure ~= nil then secure = options.secure end
    return head .. encode(sid) .. tail .. (secure and "; Secure" or "") .. site
  end
end

return cookie
