-- SPDX-License-Identifier: MIT
-- Addresses to listen on, as app:listen and --bind say them.

local address = require "sio.address"
local sio = require "sio"

describe("sio.address", function()
  it("reads what can be said in one word", function()
    local good = {
      ["3000"] = { port = 3000 },
      ["0"] = { port = 0 },
      ["65535"] = { port = 65535 },
      [":3000"] = { port = 3000 },
      ["127.0.0.1:80"] = { host = "127.0.0.1", port = 80 },
      ["example.com:80"] = { host = "example.com", port = 80 },
      ["[::1]:80"] = { host = "::1", port = 80 },
      ["[::]:80"] = { host = "::", port = 80 },
      ["[fe80::1%eth0]:80"] = { host = "fe80::1%eth0", port = 80 },
      ["unix:/run/x.sock"] = { unix = "/run/x.sock" },
      ["unix:x"] = { unix = "x" },
      ["fd:3"] = { fd = 3 },
      ["fd:0"] = { fd = 0 },
    }
    for text, want in pairs(good) do assert.same(want, address.parse(text), text) end
    assert.same({ unix = ("x"):rep(107) }, address.parse("unix:" .. ("x"):rep(107)))
  end)

  it("refuses the rest, and says what was expected", function()
    local bad = {
      "", " 3000", "3000 ", "65536", "-1", "0x10", "1e3", "host", "host:", "host:x", "host:65536",
      "a b:80", "::1:80", "[::1]", "[::1]80", "[host]:80", "[]:80", ("9"):rep(40), "UNIX:/x",
    }
    for _, text in ipairs(bad) do
      local found, expected = address.parse(text)
      assert.is_nil(found, text)
      assert.equal(address.expected, expected)
    end
    local special = {
      ["unix:"] = "a path behind unix:",
      ["unix:a\0b"] = "a path behind unix:",
      ["unix:" .. ("x"):rep(108)] = "a path of at most 107 bytes (this one has 108)",
      ["fd:"] = "a number behind fd:",
      ["fd:-1"] = "a number behind fd:",
      ["fd:x"] = "a number behind fd:",
      ["fd:1048577"] = "a number behind fd:",
    }
    for text, want in pairs(special) do
      local found, expected = address.parse(text)
      assert.is_nil(found)
      assert.equal(want, expected)
    end
  end)

  it("reads tables, and lists of everything", function()
    assert.same({ {} }, address.list(nil))
    assert.same({ {} }, address.list {})
    assert.same({ { port = 80 } }, address.list(80))
    assert.same({ { port = 80 } }, address.list(80.0))
    assert.same({ { host = "::1", port = 80 } }, address.list { host = "::1", port = 80 })
    assert.same({ { unix = "/x", mode = 432 } }, address.list { unix = "/x", mode = "660" })
    assert.same({ { unix = "/x", mode = 432 } }, address.list { unix = "/x", mode = "0660" })
    assert.same({ { port = 80 }, { unix = "/x" }, { host = "::1" }, { fd = 4 } },
      address.list { 80, "unix:/x", { host = "::1" }, "fd:4" })
  end)

  it("takes 16 addresses, and a descriptor once", function()
    local many = {}
    for i = 1, 16 do many[i] = 3000 + i end
    assert.equal(16, #address.list(many))
    many[17] = 80
    assert.equal("at most 16 addresses", select(2, address.list(many)))
    assert.equal("fd:3 only once", select(2, address.list { "fd:3", 80, "fd:3" }))
  end)

  it("is checked where the app listens, at that line", function()
    local general = "a port, HOST:PORT, [IPV6]:PORT, unix:PATH or fd:N, { host =, port = }, " ..
      "{ unix =, mode = } or a list of these expected"
    local bad = {
      { true, general }, { "nonsense", "a port, HOST:PORT, [IPV6]:PORT, unix:PATH or fd:N" },
      { 70000, general }, { 1.5, general }, { { prot = 1 }, general },
      { { port = "80" }, general }, { { host = 1 }, general }, { { unix = 1 }, general },
      { { unix = "/x", mode = "rw" }, 'a mode like "660" expected' },
      { { unix = "/x", mode = 660 }, 'a mode like "660" expected' },
      { { unix = "/x", mod = "660" }, general }, { { 80, {}, false }, general },
      { { unix = ("x"):rep(108) }, "a path of at most 107 bytes (this one has 108) expected" },
    }
    for _, case in ipairs(bad) do
      local ok, err = pcall(function() sio.server():listen(case[1]) end)
      assert.is_false(ok)
      assert.matches("^[^\n]*address_spec%.lua:%d+: bad argument #1 to 'listen' %(", err)
      assert.is_truthy(err:find(case[2], 1, true), err)
    end
  end)
end)
