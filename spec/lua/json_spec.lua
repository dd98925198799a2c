-- SPDX-License-Identifier: MIT
-- sio.json against the table of ecosystem rules, against lua-cjson as oracle, and against nonsense.

local cjson = require "cjson.safe"
local core = require "sio.core"
local sio = require "sio"

local encode, decode = sio.json.encode, sio.json.decode

describe("encoding", function()
  it("writes scalars", function()
    assert.equal("null", encode(nil))
    assert.equal("null", encode(sio.null))
    assert.equal("true", encode(true))
    assert.equal("false", encode(false))
    assert.equal("1", encode(1))
    assert.equal("-12", encode(-12))
    assert.equal("9223372036854775807", encode(math.maxinteger))
    assert.equal("-9223372036854775808", encode(math.mininteger))
    assert.equal("123456789012345", encode(123456789012345))
    assert.equal("1", encode(1.0))
    assert.equal("1.5", encode(1.5))
    assert.equal("0.30000000000000004", encode(0.1 + 0.2))
    assert.equal("48.85837012345679", encode(48.858370123456789))
    assert.equal('"a/b\\"\\\\\\n\\u0000ü"', encode 'a/b"\\\n\0ü')
  end)

  it("writes what JSON cannot hold as null, like JSON.stringify", function()
    assert.equal("[null,null,null]", encode { 0 / 0, math.huge, -math.huge })
  end)

  it("keeps lists and objects apart", function()
    assert.equal("[]", encode {})
    assert.equal("{}", encode(sio.object {}))
    assert.equal("[]", encode(sio.array {}))
    assert.equal("[1,2]", encode { 1, 2 })
    assert.equal('{"a":[]}', encode { a = {} })
    assert.equal('{"1":"x"}', encode(sio.object { "x" }))
    assert.equal('{"1000":1}', encode { [1000] = 1 })
  end)

  it("writes holes as null", function()
    assert.equal("[1,null,3]", encode { 1, nil, 3 })
    assert.equal("[1,2,3]", encode { [3] = 3, [2] = 2, [1] = 1 })
    local t = {}
    for i = 8, 1, -1 do t[i] = i end
    assert.equal("[1,2,3,4,5,6,7,8]", encode(t))
  end)

  it("names what it refuses, and where", function()
    local function why(value)
      local text, err = encode(value)
      assert.is_nil(text)
      return err
    end
    assert.equal("value: a function cannot be encoded", why(print))
    assert.equal("value.a[2].b: a function cannot be encoded", why { a = { 1, { b = print } } })
    assert.equal("value: table has list items and keys", why { 1, 2, a = 3 })
    assert.equal("value.x: table has list items and keys", why { x = { 1, [2.5] = 3 } })
    assert.equal("value: a float cannot be a key", why { [2.5] = 3 })
    assert.equal("value: a boolean cannot be a key", why { [true] = 3 })
    assert.equal("value: string is not valid UTF-8 (use sio.binary for bytes)", why "\xff")
    assert.equal("value[1]: string is not valid UTF-8 (use sio.binary for bytes)", why { "\xc3" })
    assert.equal("value[1]: sio.binary cannot stand here", why { sio.binary "x" })
    assert.matches("^value%.a: a thread cannot be encoded", why { a = coroutine.create(print) })
    assert.matches("^value: a FILE%* cannot be encoded", why(io.stdout))
    assert.matches("too many holes", why { 1, [1000] = 2 })
  end)

  it("refuses cycles and depth", function()
    local cycle = {}
    cycle[1] = cycle
    local text, err = encode(cycle)
    assert.is_nil(text)
    assert.matches("nesting too deep %(cycle%?%)$", err)

    local function nested(depth)
      local t = 1
      for _ = 1, depth do t = { t } end
      return t
    end
    assert.equal(("["):rep(128) .. "1" .. ("]"):rep(128), encode(nested(128)))
    assert.is_nil((encode(nested(129))))
  end)

  it("looks at no metamethod", function()
    local called = false
    local trap = function() called = true end
    local t = setmetatable({ a = 1 }, { __pairs = trap, __index = trap, __len = trap })
    assert.equal('{"a":1}', encode(t))
    assert.is_false(called)
  end)

  it("is whole again after a refusal", function()
    assert.is_nil((encode { "long enough to stay in the buffer", print }))
    assert.equal('["x"]', encode { "x" })
  end)
end)

describe("decoding", function()
  it("keeps integers exact and knows no difference between 1 and 1.0", function()
    for text, value in pairs {
      ["1"] = 1, ["-7"] = -7, ["9007199254740993"] = 9007199254740993,
      ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger,
      ["1.0"] = 1, ["1e3"] = 1000, ["10E-1"] = 1,
    } do
      assert.equal(value, decode(text))
      assert.equal("integer", math.type(decode(text)), text)
    end
    for text, value in pairs {
      ["1.5"] = 1.5, ["12345678901234567890"] = 12345678901234567890.0, ["1e300"] = 1e300,
      ["-0.25"] = -0.25, ["1e400"] = math.huge, ["-0"] = -0.0,
    } do
      assert.equal(value, decode(text))
      assert.equal("float", math.type(decode(text)), text)
    end
  end)

  it("does so under any locale", function()
    local old = os.setlocale(nil, "numeric")
    if not os.setlocale("de_DE.UTF-8", "numeric") then return pending "no locale de_DE here" end
    local value, text = decode "[1.25,-1e-2]", encode { 1.25, -0.01 }
    os.setlocale(old, "numeric")
    assert.same({ 1.25, -0.01 }, value)
    assert.equal("[1.25,-0.01]", text)
  end)

  it("keeps {} and [] when they are sent on", function()
    for _, text in ipairs {
      "[]", "{}", '[[],{},[1,[2],{"a":[]}],0.1,null,0.30000000000000004]', '{"a":{"b":{}}}',
    } do
      assert.equal(text, encode(decode(text)))
    end
  end)

  it("undoes escapes", function()
    assert.equal('a"\\/\b\f\n\r\tü😀\0', decode [["a\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00\u0000"]])
    assert.equal("\u{fffd}x", decode [["\ud83dx"]])
    assert.equal("\u{fffd}", decode [["\udc00"]])
  end)

  it("gives sio.null for null, also inside", function()
    assert.equal(cjson.null, sio.null)
    assert.equal(sio.null, decode "null")
    assert.same({ a = sio.null }, decode '{"a":null}')
    assert.is_true(sio.is_null(decode "null"))
    assert.is_true(sio.is_null(nil))
    assert.is_false(sio.is_null(false))
  end)

  it("takes the last of two members with one name", function()
    assert.same({ a = 2, b = 3 }, decode '{"a":1,"b":3,"a":2}')
  end)

  it("builds long lists and objects", function()
    local list, members = {}, {}
    for i = 1, 2000 do
      list[i] = i * 3
      members[i] = ('"k%d":%d'):format(i, i)
    end
    assert.same(list, decode(encode(list)))
    local object = decode("{" .. table.concat(members, ",") .. "}")
    for i = 1, 2000 do assert.equal(i, object["k" .. i]) end
    for _, n in ipairs { 255, 256, 257, 511, 512, 513 } do
      assert.equal(n, #decode("[" .. ("0,"):rep(n - 1) .. "0]"))
    end
  end)

  it("refuses what is no JSON, with the place", function()
    for _, text in ipairs {
      "", " ", "nul", "[1,]", "[1 2]", "{", "}", '{"a"}', '{"a":}', '{1:2}', "01", "+1", "1.",
      ".5", "[1]]", '"', '"\n"', '"\\x"', "NaN", "Infinity", "0x10", "'a'", "[1}", "true false",
    } do
      local value, err = decode(text)
      assert.is_nil(value, text)
      assert.matches("^JSON: bad syntax at byte %d+$", err)
    end
    assert.matches("^JSON: invalid UTF%-8 at byte", select(2, decode '"\xff"'))
    assert.matches("^JSON: nested too deep at byte", select(2, decode(("["):rep(200))))
    assert.is_table(decode(("["):rep(128) .. ("]"):rep(128)))
  end)

  it("survives every cut of a text", function()
    local text = '{"a":[1,2.5,"x\\u00fc",null,true],"b":{"c":[]},"_placeholder":true}'
    for i = 0, #text - 1 do
      assert.is_nil((decode(text:sub(1, i))), text:sub(1, i))
      decode(text:sub(i + 2))
    end
    assert.is_table(decode(text))
  end)
end)

-- Random values that both libraries can hold, without what they are known to differ in (empty
-- tables, integers that lua-cjson rounds).
local random_state = 20240229
local function random(n)
  random_state = (random_state * 1103515245 + 12345) % 2147483648
  return (random_state // 65536) % n + 1
end

local characters = { 9, 34, 92, 47, 97, 252, 8364, 128512 }
local scalars = {
  function() return random(30000) - 15000 end,
  function() return random(30000) / 64 end,
  function() return random(2) == 1 end,
  function() return sio.null end,
  function()
    local bytes = {}
    for i = 1, random(12) do bytes[i] = utf8.char(characters[random(#characters)]) end
    return table.concat(bytes)
  end,
}

local function random_value(depth)
  local kind = depth > 0 and random(3) or 1
  if kind == 1 then return scalars[random(#scalars)]() end
  local t = {}
  for i = 1, random(6) do
    t[kind == 2 and i or "k" .. i] = random_value(depth - 1)
  end
  return t
end

describe("the oracle", function()
  it("reads what we write", function()
    for _ = 1, 500 do
      local value = { random_value(5) }
      assert.same(value, (cjson.decode((encode(value)))))
    end
  end)

  it("writes what we read", function()
    for _ = 1, 500 do
      local value = { random_value(5) }
      assert.same(value, (decode((cjson.encode(value)))))
    end
  end)
end)

describe("the registry", function()
  it("does not grow", function()
    local function size()
      local n = 0
      for _ in pairs(debug.getregistry()) do n = n + 1 end
      return n
    end
    encode { sio.object {}, {} }
    decode "{}"
    local before, objects = size(), core.handle_count()
    for i = 1, 1000 do
      decode(encode { i, { sio.object {} } })
      encode { print }
      decode "[1,"
    end
    assert.equal(before, size())
    assert.equal(objects, (core.handle_count()))
  end)
end)
