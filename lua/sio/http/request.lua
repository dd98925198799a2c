-- SPDX-License-Identifier: MIT
-- What a request handler gets. csrc/bind/request.c fills the plain fields; those that cost
-- something are made here when they are looked at, once.

local cookies = require "sio.http.cookies"
local core = require "sio.core"
local percent = require "sio.http.percent"

---@class sio.Request
---@field method string
---@field path string decoded
---@field raw_path string as sent
---@field url string path and query as sent
---@field params table<string, string> of the route's path, decoded
---@field query table<string, string> decoded; of a name that comes twice the last one counts
---@field headers table<string, string> lower-case names
---@field body string
---@field json any the body decoded; nil when it is not JSON
---@field form table<string, string>? the body decoded, when its type is that of an HTML form
---@field cookies table<string, string>
---@field host string? that the client asked for, with its port if it named one
---@field protocol "http"|"https"
---@field secure boolean
---@field address string of the client

local made = {}

local form_max = 1000 -- fields; a form with more is nil

function made.path(req)
  return percent.decode(req.raw_path)
end

function made.json(req)
  return (core.json_decode(req.body))
end

function made.form(req)
  local kind = (req.headers["content-type"] or ""):match "^%s*([^;%s]*)"
  if kind:lower() ~= "application/x-www-form-urlencoded" then return nil end
  local _, separators = req.body:gsub("&", "")
  if separators < form_max then return core.query_parse(req.body) end
end

function made.cookies(req)
  return cookies.parse(req.headers.cookie)
end

function made.protocol(req)
  return req.secure and "https" or "http"
end

return {
  metatable = {
    __name = "sio.Request",
    __index = function(self, name)
      local make = made[name]
      if not make then return nil end
      local value = make(self)
      rawset(self, name, value)
      return value
    end,
  },
}
