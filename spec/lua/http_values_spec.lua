-- SPDX-License-Identifier: MIT
-- The values of HTTP fields, one by one: dates, ranges, tags, codings, cookies, paths of routes.

local cookies = require "sio.http.cookies"
local core = require "sio.core"
local date = require "sio.http.date"
local mime = require "sio.http.mime"
local path = require "sio.http.path"
local range = require "sio.http.range"
local validator = require "sio.http.validator"

-- Seconds of processor time that no linear code needs.
local function is_quick(fn)
  local began = os.clock()
  fn()
  return os.clock() - began < 1
end

describe("dates", function()
  it("are written in one form", function()
    assert.equal("Sun, 06 Nov 1994 08:49:37 GMT", date.format(784111777))
    assert.equal("Thu, 01 Jan 1970 00:00:00 GMT", date.format(0))
    assert.equal("Wed, 31 Dec 1969 23:59:59 GMT", date.format(-1))
    assert.equal("Thu, 29 Feb 2024 12:00:00 GMT", date.format(1709208000))
  end)

  it("are read in three", function()
    for _, text in ipairs { "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994" } do
      assert.equal(784111777, date.parse(text), text)
    end
    for seconds = -1e9, 4e9, 123456789 do
      assert.equal(seconds, date.parse(date.format(math.tointeger(seconds))))
    end
  end)

  it("that are none are nil", function()
    for _, text in ipairs { "", "yesterday", "Sun, 06 Nov 1994 08:49:37", "1994-11-06",
      "Sun, 06 Nix 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT" } do
      assert.is_nil(date.parse(text), text)
    end
  end)
end)

describe("ranges", function()
  it("are one part, none, or outside", function()
    local cases = {
      { "bytes=0-0", 10, 0, 1 }, { "bytes=3-", 10, 3, 7 }, { "bytes=-4", 10, 6, 4 },
      { "bytes=-11", 10, 0, 10 }, { "bytes=0-10", 10, 0, 10 }, { " bytes=1-1 ", 10, 1, 1 },
      { "bytes=10-", 10, false }, { "bytes=-0", 10, false },
      { "bytes=2-1", 10 }, { "bytes=", 10 }, { "bytes=-", 10 }, { "bytes=1", 10 }, { "", 10 },
      { "bytes=0-0,2-2", 10 }, { "bytes=0-0,", 10 }, { "bytes =0-0", 10 }, { "bytes=+1-2", 10 },
      { "bytes=1.0-2", 10 }, { "items=0-0", 10 }, { "bytes=0-0", 0 }, { nil, 10 },
    }
    for i = 1, #cases do
      local from, length = range.parse(cases[i][1], cases[i][2])
      assert.same({ cases[i][3], cases[i][4] }, { from, length }, tostring(cases[i][1]))
    end
  end)

  it("may be as large as numbers are", function()
    local huge = math.maxinteger - 1
    assert.same({ 0, huge }, { range.parse("bytes=0-9223372036854775807", huge) })
    assert.is_false(range.parse("bytes=" .. ("9"):rep(10000) .. "-", huge))
  end)
end)

describe("tags", function()
  it("are compared strongly or weakly", function()
    assert.is_true(validator.names('"a"', '"a"', true))
    assert.is_true(validator.names('"x", "a"', '"a"', true))
    assert.is_true(validator.names("*", 'W/"a"', true))
    assert.is_true(validator.names('W/"a"', '"a"', false))
    assert.is_true(validator.names('"a"', 'W/"a"', false))
    assert.is_false(validator.names('W/"a"', '"a"', true))
    assert.is_false(validator.names('"a"', 'W/"a"', true))
    assert.is_false(validator.names("a", '"a"', false))
    assert.is_false(validator.names("", '"a"', false))
  end)
end)

describe("content codings", function()
  it("are those that are accepted", function()
    local function accepted(header)
      return (core.accepts_coding(header, "br") and "br" or "")
        .. (core.accepts_coding(header, "gzip") and "gzip" or "")
    end
    assert.equal("", accepted(nil))
    assert.equal("", accepted "identity")
    assert.equal("brgzip", accepted "gzip, deflate, br")
    assert.equal("brgzip", accepted "GZIP;q=0.5,BR ;q=1")
    assert.equal("gzip", accepted "br;q=0, *")
    assert.equal("br", accepted "*, gzip;q=0.0")
    assert.equal("brgzip", accepted "*")
    assert.equal("", accepted "*;q=0")
    assert.equal("", accepted ",;q=1,=")
  end)
end)

describe("types", function()
  it("follow the name's end", function()
    assert.equal("text/javascript; charset=utf-8", mime.of "/a.b/app.MJS")
    assert.equal("audio/ogg", mime.of "x.opus")
    for _, name in ipairs { "x", "a.html/x", "x.", "x.nothing", "" } do
      assert.equal("application/octet-stream", mime.of(name))
    end
  end)
end)

describe("cookies", function()
  it("are pairs", function()
    assert.same({ a = "1", b = "x y", c = "q=r", d = "" },
      cookies.parse 'a=1; b="x%20y";c = q=r ; d=; a=2; nothing; =x; ')
    assert.same({}, cookies.parse(nil))
    assert.same({ a = "%zz" }, cookies.parse "a=%zz")
    assert.same({ __index = "x" }, cookies.parse "__index=x")
  end)

  it("are limited in number and cost", function()
    local list = {}
    for i = 1, cookies.max + 1 do list[i] = "c" .. i .. "=v" end
    local parsed = cookies.parse(table.concat(list, ";"))
    assert.equal("v", parsed["c" .. cookies.max])
    assert.is_nil(parsed["c" .. cookies.max + 1])
    assert.is_true(is_quick(function()
      assert.same({}, cookies.parse(("=;"):rep(8192)))
      assert.same({ a = "" }, cookies.parse("a=" .. (" "):rep(16384)))
      cookies.parse("a=x" .. (" "):rep(16384) .. "y")
      cookies.parse((" "):rep(16384))
    end))
  end)
end)

describe("paths", function()
  local function match(pattern, raw)
    return path.match(path.compile(pattern), path.split(raw))
  end

  it("have names and a tail", function()
    assert.same({}, match("/", "/"))
    assert.same({}, match("/a b/ü", "/a%20b/%C3%BC"))
    assert.same({ id = "7" }, match("/users/:id", "/users/7"))
    assert.same({ id = "a/b?" }, match("/users/:id", "/users/a%2Fb%3f"))
    assert.same({ from = "a-b", to = "c" }, match("/:from-:to", "/a-b-c"))
    assert.same({ name = "x" }, match("/f-:name.json", "/f-x.json"))
    assert.same({ rest = "a/b c/" }, match("/files/*rest", "/files/a/b%20c/"))
    assert.same({ rest = "" }, match("/files/*rest", "/files/"))
    assert.same({ id = "1", rest = "x" }, match("/:id/*rest", "/1/x"))
  end)

  it("match nothing else", function()
    for _, case in ipairs { { "/users/:id", "/users/" }, { "/users/:id", "/users/1/2" },
      { "/users/:id", "/users" }, { "/a", "/a/" }, { "/a", "/A" }, { "/a", "/" },
      { "/files/*rest", "/files" }, { "/files/*rest", "/file/x" }, { "/a.b", "/axb" } } do
      assert.is_nil(match(case[1], case[2]), case[1] .. " " .. case[2])
    end
    assert.is_nil(path.split "*")
    assert.is_nil(path.split "x:1")
  end)

  it("that no request can have are refused", function()
    assert.error_matches(function() path.compile "x" end, "begins with '/'")
    assert.error_matches(function() path.compile "/*a/b" end, "at its end")
    assert.error_matches(function() path.compile "/a*" end, "at its end")
    assert.error_matches(function() path.compile "/:a-:b-:c" end, "at most 2 names")
  end)

  it("are cheap to refuse", function()
    assert.is_true(is_quick(function()
      assert.is_nil(match("/:a-:b.x", "/" .. ("-"):rep(1024)))
      assert.is_nil(match("/:a-:b.x", "/" .. ("-"):rep(16000)))
      assert.is_nil(match("/:a.x", "/" .. ("."):rep(16000)))
    end))
  end)
end)
