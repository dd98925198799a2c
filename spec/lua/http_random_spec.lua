-- SPDX-License-Identifier: MIT
-- What a peer writes into fields that Lua reads, at random: cookies beside a parser that goes
-- character by character, and for the others what must hold of any answer. The C parsers have fuzz
-- targets (spec/fuzz). RANDOM=seed repeats a run, ROUNDS=n makes it longer.

local cookies = require "sio.http.cookies"
local core = require "sio.core"
local path = require "sio.http.path"
local percent = require "sio.http.percent"
local range = require "sio.http.range"

local seed = tonumber(os.getenv "RANDOM") or os.time()
local rounds = tonumber(os.getenv "ROUNDS") or 5000

-- Pieces that mean something there come more often than single bytes.
local function text_of(pieces)
  local parts = {}
  for i = 1, math.random(0, 24) do
    parts[i] = math.random(8) == 1 and string.char(math.random(0, 255))
      or pieces[math.random(#pieces)]
  end
  return table.concat(parts)
end

local function each_text(pieces, check)
  math.randomseed(seed)
  for round = 1, rounds do
    local text = text_of(pieces)
    local ok, err = pcall(check, text)
    if not ok then error(("RANDOM=%d, round %d, %q: %s"):format(seed, round, text, err)) end
  end
end

local function is_blank(byte) return byte == 32 or byte >= 9 and byte <= 13 end

local function trimmed(text)
  local from, to = 1, #text
  while from <= to and is_blank(text:byte(from)) do from = from + 1 end
  while to >= from and is_blank(text:byte(to)) do to = to - 1 end
  return text:sub(from, to)
end

-- Escapes undone, and one pair of quotes around the whole.
local function plain(value)
  if #value >= 2 and value:byte(1) == 34 and value:byte(-1) == 34 then value = value:sub(2, -2) end
  local out, i = {}, 1
  while i <= #value do
    local digits = value:sub(i + 1, i + 2)
    if value:byte(i) == 37 and #digits == 2 and not digits:find "%X" then
      out[#out + 1], i = string.char(tonumber(digits, 16)), i + 3
    else
      out[#out + 1], i = value:sub(i, i), i + 1
    end
  end
  return table.concat(out)
end

-- The pairs of a Cookie field, found the slow way.
local function pairs_of(header)
  local found, from, equals = {}, 1, nil
  for i = 1, #header + 1 do
    local byte = header:byte(i)
    if byte == 61 and not equals then
      equals = i
    elseif byte == 59 or byte == nil then
      local name = equals and trimmed(header:sub(from, equals - 1)) or ""
      if name ~= "" and not found[name] then
        found[name] = plain(trimmed(header:sub(equals + 1, i - 1)))
      end
      from, equals = i + 1, nil
    end
  end
  return found
end

describe("fields at random:", function()
  it("cookies are the pairs that are there", function()
    local pieces = { ";", "; ", "=", '"', "%", "%41", "%zz", "%4", " ", "\t", "\n", "a", "sid",
      "__index", ",", "\0", "\xff", "a=1", '="x"' }
    each_text(pieces, function(text)
      assert.same(pairs_of(text), cookies.parse(text))
    end)
  end)

  it("a range lies in what it is of", function()
    local pieces = { "bytes", "=", "-", "0", "1", "9", "99999999999999999999", ",", " ", "x", "." }
    each_text(pieces, function(text)
      text = math.random(2) == 1 and "bytes=" .. text or text
      local size = math.random(0, 12)
      local offset, length = range.parse(text, size)
      if not offset then return assert.is_nil(length) end
      assert.is_true(offset >= 0 and length >= 1 and offset + length <= size)
    end)
  end)

  it("content codings are those asked about, or none", function()
    local pieces = { "gzip", "br", "*", ";q=", ";", "0", "1", ".", ",", " ", "identity" }
    each_text(pieces, function(text)
      local gzip = core.accepts_coding(text, "gzip")
      assert.is_boolean(core.accepts_coding(text, "br"))
      assert.is_boolean(gzip)
      assert.is_true(gzip == false or text:lower():find "gzip" ~= nil or text:find "%*" ~= nil)
    end)
  end)

  it("a path's names hold what stood between its slashes", function()
    local route = path.compile "/a/:id/*rest"
    local pieces = { "/", "/a/", "%2F", "%2e", ".", "..", "%", "%00", "a", ":", "*", "\0", "\xff" }
    each_text(pieces, function(text)
      local raw = "/" .. (math.random(2) == 1 and "a/" or "") .. text
      local found = path.match(route, path.split(raw))
      if not found then return end
      local id, rest = raw:match "^/[^/]*/([^/]+)/(.*)$"
      assert.equal(percent.decode(id), found.id)
      assert.equal(percent.decode(rest), found.rest)
    end)
  end)
end)
