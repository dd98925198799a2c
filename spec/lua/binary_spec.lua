-- SPDX-License-Identifier: MIT
-- sio.binary: bytes with a string's manners.

local sio = require "sio"

describe("sio.binary", function()
  it("holds any bytes", function()
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i) end
    local text = table.concat(all)
    local b = sio.binary(text)
    assert.equal(256, #b)
    assert.equal(text, tostring(b))
    assert.equal("userdata", type(b))
    assert.equal(b, sio.binary(b))
  end)

  it("is told from everything else", function()
    assert.is_true(sio.is_binary(sio.binary "x"))
    for _, other in ipairs { "x", 1, {}, sio.null, io.stdout } do
      assert.is_false(sio.is_binary(other))
    end
    assert.is_false(sio.is_binary(nil))
  end)

  it("is cut like a string", function()
    local text = "hello world"
    local b = sio.binary(text)
    for i = -13, 13 do
      assert.equal(text:sub(i), tostring(b:sub(i)))
      for j = -13, 13 do
        assert.equal(text:sub(i, j), tostring(b:sub(i, j)), ("sub(%d, %d)"):format(i, j))
        assert.same({ text:byte(i, j) }, { b:byte(i, j) })
      end
    end
    assert.equal(104, b:byte())
    assert.equal("wor", tostring(b:sub(7):sub(1, 3)))
  end)

  it("compares by content and joins with strings", function()
    assert.is_true(sio.binary "ab" == sio.binary "ab")
    assert.is_false(sio.binary "ab" == sio.binary "ac")
    assert.is_false(sio.binary "ab" == "ab")
    assert.equal("abcd", tostring(sio.binary "ab" .. "cd"))
    assert.equal("abcd", tostring("ab" .. sio.binary "cd"))
    assert.equal("", tostring(sio.binary "" .. sio.binary ""))
  end)

  it("keeps its bytes while a part of it lives", function()
    local part = sio.binary(("x"):rep(1e6) .. "end"):sub(-3)
    collectgarbage()
    collectgarbage()
    assert.equal("end", tostring(part))
  end)

  it("refuses other types", function()
    assert.error_matches(function() sio.binary(12) end, "string expected, got number")
    assert.error_matches(function() sio.binary() end, "string expected")
    assert.error(function() return sio.binary "a" .. {} end)
    assert.error(function() return sio.binary("a"):sub "x" end)
  end)
end)
