-- SPDX-License-Identifier: MIT
-- Options about proxies in front of the server: how they say where a client is, and whose word
-- is believed.

local core = require "sio.core"
local errors = require "sio.error"

-- What the words stand for. A Unix socket's peer has no address; it is on this machine.
local networks = {
  unix = { "unix" },
  loopback = { "127.0.0.0/8", "::1", "unix" },
  private = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7" },
}

local expected = 'addresses, networks ("10.0.0.0/8"), "loopback", "private" or "unix" expected'

local function problem_of(word)
  if type(word) ~= "string" then return ("%s, got %s"):format(expected, type(word)) end
  if networks[word] or core.is_network(word) then return nil end
  local near = word:find "^%a+$" and errors.suggest(word, networks)
  return ('%s, got "%s"%s'):format(expected, word,
    near and (' (did you mean "%s"?)'):format(near) or "")
end

local function as_list(value)
  return type(value) == "string" and { value } or value
end

local function trust(value)
  if type(value) == "boolean" then return nil end
  local list = as_list(value)
  if #list == 0 then return expected .. ", or true" end
  for _, word in ipairs(list) do
    local problem = problem_of(word)
    if problem then return problem end
  end
end

return {
  known = {
    trust_proxy = { "boolean or string or table", false, trust },
    proxy_protocol = { "boolean", false },
  },

  -- The words as networks, for core.server_new.
  flatten = function(result)
    local given = result.trust_proxy
    if type(given) == "boolean" then return end
    local list = {}
    for _, word in ipairs(as_list(given)) do
      for _, network in ipairs(networks[word] or { word }) do list[#list + 1] = network end
    end
    result.trust_proxy = list
  end,
}
