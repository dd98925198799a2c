-- SPDX-License-Identifier: MIT
-- The option `parser`: what it may be, said where the server is made. What parsers do is tested
-- with clients, in parser.test.mjs and custom_parser.test.mjs of spec/client.

local options = require "sio.options"
local sio = require "sio"

local function refuses(parser, pattern)
  local ok, err = pcall(function() return sio.server({ parser = parser }) end)
  assert.is_false(ok)
  assert.matches(pattern, err)
  assert.matches("parser_spec%.lua:%d+: ", err) -- the line of the caller
end

local function f() end

describe("parser", function()
  it("is a name, or functions", function()
    assert.equal("default", options.server().parser)
    assert.equal("msgpack", options.server({ parser = "msgpack" }).parser)
    local own = { encode = f, decode = f }
    assert.equal(own, options.server({ parser = own }).parser)
    assert.equal(f, options.server({ parser = { encode = f, decoder = f } }).parser.decoder)
  end)

  it("of another kind is refused", function()
    refuses("msgpak", "option 'parser': unknown parser \"msgpak\" %(did you mean \"msgpack\"%?%)")
    refuses("json", "option 'parser': unknown parser \"json\" %(default, msgpack%)")
    refuses(true, "option 'parser': string or table expected, got boolean")
    refuses({ encode = f, decode = f, Decoder = f }, "unknown option 'parser%.Decoder' "
      .. "%(did you mean 'decoder'%?%)")
    refuses({ encode = "x", decode = f }, "option 'parser%.encode': function expected, got string")
    refuses({ decode = f }, "option 'parser%.encode': function expected, got nil")
    refuses({ encode = f }, "either 'decode' .+ or 'decoder' .+ expected, got none")
    refuses({ encode = f, decode = f, decoder = f }, "expected, got both")
  end)
end)

describe("sio.is_binary", function()
  it("tells bytes from text", function()
    assert.is_true(sio.is_binary(sio.binary "x"))
    assert.is_false(sio.is_binary "x")
    assert.is_false(sio.is_binary(nil))
    assert.is_false(sio.is_binary(io.stdout))
  end)
end)
