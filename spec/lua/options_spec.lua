-- SPDX-License-Identifier: MIT
-- What is wrong with an option is said at once, by name, where the server is made.

local options = require "sio.options"
local sio = require "sio"

local function refuses(given, pattern)
  local ok, err = pcall(function() return sio.server(given) end)
  assert.is_false(ok)
  assert.matches(pattern, err)
  assert.matches("options_spec%.lua:%d+: ", err) -- the line of the caller
end

describe("options", function()
  it("have upstream's defaults", function()
    local o = options.server()
    assert.equal("/socket.io", o.path)
    assert.equal(25, o.ping_interval)
    assert.equal(20, o.ping_timeout)
    assert.equal(10, o.upgrade_timeout)
    assert.equal(60, o.message_timeout)
    assert.equal(1e6, o.max_http_buffer_size)
    assert.equal(45, o.connect_timeout)
    assert.is_true(o.allow_upgrades)
    assert.is_false(o.allow_eio3)
    assert.is_true(o.serve_client)
    assert.is_false(o.recovery)
  end)

  it("turn recovery into what the core takes", function()
    local o = options.server { connection_state_recovery = true }
    assert.is_true(o.recovery)
    assert.equal(120, o.max_disconnection_duration)
    assert.is_true(o.skip_middlewares)
    o = options.server {
      connection_state_recovery = { max_disconnection_duration = 5, skip_middlewares = false },
    }
    assert.is_true(o.recovery)
    assert.equal(5, o.max_disconnection_duration)
    assert.is_false(o.skip_middlewares)
    o = options.server { connection_state_recovery = { max_disconnection_duration = 86400 } }
    assert.equal(86400, o.max_disconnection_duration) -- a night is no mistake
    assert.is_false(options.server({ connection_state_recovery = false }).recovery)
  end)

  it("that are unknown are refused, with a suggestion", function()
    refuses({ ping_intervall = 1 },
      "unknown option 'ping_intervall' %(did you mean 'ping_interval'%?%)")
    refuses({ pingTimeout = 1 }, "did you mean 'ping_timeout'%?")
    refuses({ maxHttpBufferSize = 1 }, "did you mean 'max_http_buffer_size'%?")
    refuses({ origin = "*" }, "did you mean 'cors%.origin'%?")
    refuses({ exposedHeaders = "X" }, "did you mean 'cors%.exposed_headers'%?")
    refuses({ cert = "x.pem" }, "did you mean 'tls%.cert'%?")
    refuses({ max_age = 1 }, "unknown option 'max_age'$") -- of cors and of cookie
    refuses({ zzzzzzzz = 1 }, "unknown option 'zzzzzzzz'$")
    refuses({ 3000 }, "unknown option '1'")
    refuses({ connection_state_recovery = { skip = true } },
      "unknown option 'connection_state_recovery%.skip'")
  end)

  it("name proxies that are trusted as networks or words", function()
    local function trusted(value) return options.server({ trust_proxy = value }).trust_proxy end
    assert.is_false(options.server().trust_proxy)
    assert.is_true(trusted(true))
    assert.same({ "127.0.0.0/8", "::1", "unix" }, trusted "loopback")
    assert.same({ "192.0.2.7", "2001:db8::/32", "unix" },
      trusted { "192.0.2.7", "2001:db8::/32", "unix" })
    assert.same({ "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7" },
      trusted { "private" })
    refuses({ trust_proxy = {} }, "option 'trust_proxy': addresses, networks")
    refuses({ trust_proxy = "10.0.0.0/33" }, 'got "10%.0%.0%.0/33"$')
    refuses({ trust_proxy = { "loopbak" } }, '%(did you mean "loopback"%?%)')
    refuses({ trust_proxy = { true } }, "got boolean")
    refuses({ trust_proxy = 1 }, "boolean or string or table expected, got number")
    local many = {}
    for i = 1, 65 do many[i] = "192.0.2.1" end
    refuses({ trust_proxy = many }, "more than 64 networks")
    many[65] = nil
    assert.equal(64, #trusted(many))
    sio.server({ trust_proxy = many }):close()
  end)

  it("of the wrong type or value say what is expected", function()
    refuses({ ping_interval = "25" }, "option 'ping_interval': number expected, got string")
    refuses({ ping_interval = 25000 }, "seconds, not milliseconds%?")
    refuses({ ping_timeout = -1 }, "option 'ping_timeout'")
    refuses({ ping_timeout = 0 }, "more than 0 seconds")
    refuses({ ping_timeout = 0.0001 }, "option 'ping_timeout': at least 0.001 seconds expected")
    refuses({ ping_timeout = 0 / 0 }, "option 'ping_timeout'")
    refuses({ path = "socket.io" }, "option 'path': a path that begins with \"/\" expected")
    refuses({ transports = { "polling", "pigeon" } }, "option 'transports': .*got \"pigeon\"")
    refuses({ transports = {} }, "option 'transports'")
    refuses({ max_http_buffer_size = 0.5 }, "option 'max_http_buffer_size': a whole number")
    refuses({ connection_state_recovery = 1 }, "boolean or table expected, got number")
    refuses({ connection_state_recovery = { max_disconnection_duration = 120000 } },
      "seconds, not milliseconds%?")
    refuses({ head_timeout = 0 }, "option 'head_timeout': more than 0 seconds")
    refuses({ body_timeout = 20000 }, "option 'body_timeout': .*milliseconds%?")
    refuses({ keep_alive_timeout = "5" }, "option 'keep_alive_timeout': number expected")
    refuses({ max_body = 0 }, "option 'max_body': a whole number from 1")
    refuses({ balance = "least-conection" }, "did you mean \"least%-connection\"")
    refuses({ balance = "x" }, "unknown method \"x\" %(least%-connection, ")
    refuses({ slow_reader = "paus" }, "did you mean \"pause\"")
    refuses({ high_water = 0 }, "option 'high_water': a whole number")
    refuses({ workers = 0 }, "option 'workers'")
    refuses({ workers = "many" }, "option 'workers'.*\"auto\"")
    refuses("x", "table of options expected, got string")
  end)

  it("about memory are sizes, as on the command line", function()
    local function max_memory(value) return options.server({ max_memory = value }).max_memory end
    assert.is_nil(max_memory(nil))
    assert.equal(512 << 20, max_memory "512M")
    assert.equal(3 << 29, max_memory "1.5G")
    assert.equal(1 << 20, max_memory(1 << 20))
    assert.equal(1 << 20, max_memory(2.0 ^ 20))
    for _, wrong in ipairs { "5Q", "", "1023k", (1 << 20) - 1, 2 ^ 20 + 0.5, -1, 0 / 0 } do
      refuses({ max_memory = wrong }, "option 'max_memory': bytes, as \"512M\"")
    end
  end)

  it("about slow readers fit each other", function()
    local function high_water(given) return options.server(given).high_water end
    assert.equal(1048576, high_water {})
    assert.equal(1048576, high_water { max_buffered = 1 << 30 })
    assert.equal(250, high_water { max_buffered = 1000 }) -- else pressure would never show
    assert.equal(1000, high_water { max_buffered = 1000, high_water = 1000 })
    refuses({ max_buffered = 1000, high_water = 1001 },
      "option 'high_water': at most max_buffered, 1000, expected, got 1001")
  end)

  it("of an engine are fewer", function()
    assert.equal("/engine.io", options.engine().path)
    assert.error_matches(function() sio.engine { serve_client = true } end,
      "unknown option 'serve_client'")
  end)
end)
