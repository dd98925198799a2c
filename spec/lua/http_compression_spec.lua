-- SPDX-License-Identifier: MIT
-- http_compression: polls are compressed for clients that take it; every option shows.

local core = require "sio.core"
local options = require "sio.options"
local serve = require "support.serve"
local sio = require "sio"

local words = {}
for i = 1, 400 do words[i] = ("word%d and %d"):format(i * 7919 % 311, i * i % 97) end
local long = table.concat(words, " ")

-- One poll for each Accept-Encoding; what came, and what it says when it is decoded.
local snippet = [==[
  const http = await import("node:http");
  const zlib = await import("node:zlib");
  const decoders = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync,
    br: zlib.brotliDecompressSync };
  const get = (path, accept) => new Promise((resolve, reject) => {
    const headers = accept === "" ? {} : { "Accept-Encoding": accept };
    http.get(url + path, { headers, agent: false }, (res) => {
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
        const bytes = Buffer.concat(chunks);
        const coding = res.headers["content-encoding"];
        const text = (coding ? decoders[coding](bytes) : bytes).toString();
        resolve({ coding, text, bytes: bytes.length, vary: res.headers.vary,
          length: Number(res.headers["content-length"]) });
      });
    }).on("error", reject);
  });
  const path = "/engine.io/?EIO=4&transport=polling";
  const open = await get(path, "gzip");
  const { sid } = JSON.parse(open.text.slice(1));
  const got = [open];
  for (const accept of ACCEPTS) got.push(await get(path + "&sid=" + sid, accept));
  return got;
]==]

describe("http_compression", function()
  local engine
  after_each(function()
    serve.close(engine)
    engine = nil
  end)

  -- The answers to the handshake and to one poll for each of `accepts`; `message` is sent for each.
  local function try(given, accepts, message, ...)
    serve.close(engine)
    engine = sio.engine { http_compression = given }
    local args = table.pack(...)
    engine:on("connection", function(session)
      for _ = 1, #accepts do
        session:send(message or long, table.unpack(args, 1, args.n))
        sio.sleep(0) -- one poll each
        while session.buffered > 0 do sio.sleep(0.001) end
      end
    end)
    local got = serve(engine, (snippet:gsub("ACCEPTS", sio.json.encode(accepts))))
    return table.unpack(got)
  end

  it("is on by default", function()
    local open, gzip, deflate, none, refused = try(nil, { "gzip", "deflate", "", "gzip;q=0" })
    assert.is_nil(open.coding) -- shorter than the threshold
    for _, answer in ipairs { gzip, deflate, none, refused } do
      assert.equal("4" .. long, answer.text)
      assert.equal(answer.bytes, answer.length)
    end
    assert.equal("gzip", gzip.coding)
    assert.equal("Accept-Encoding", gzip.vary)
    assert.is_true(gzip.bytes < #long / 2)
    assert.equal("deflate", deflate.coding)
    assert.is_nil(none.coding)
    assert.is_nil(none.vary)
    assert.is_nil(refused.coding)
  end)

  it("prefers br where the build has it", function()
    local _, answer = try(true, { "gzip, deflate, br" })
    assert.equal(core.choose_coding("gzip, deflate, br"), answer.coding)
    assert.equal("4" .. long, answer.text)
  end)

  it("can be off", function()
    local _, answer = try(false, { "gzip" })
    assert.is_nil(answer.coding)
    assert.equal("4" .. long, answer.text)
  end)

  it("has a threshold", function()
    local _, answer = try({ threshold = 500 }, { "gzip" }, ("x"):rep(498))
    assert.is_nil(answer.coding)
    _, answer = try({ threshold = 500 }, { "gzip" }, ("x"):rep(499)) -- and the digit
    assert.equal("gzip", answer.coding)
  end)

  it("has a level and a memory level", function()
    local _, default = try(true, { "gzip" })
    local _, fast = try({ level = 1 }, { "gzip" })
    local _, small = try({ mem_level = 1 }, { "gzip" })
    assert.is_true(fast.bytes > default.bytes)
    assert.is_true(small.bytes > default.bytes)
  end)

  it("leaves out a message that is not to be compressed", function()
    local _, answer = try(true, { "gzip" }, long, { compress = false })
    assert.is_nil(answer.coding)
    _, answer = try(true, { "gzip" }, long, { compress = true })
    assert.equal("gzip", answer.coding)
    _, answer = try(true, { "gzip" }, long, {})
    assert.equal("gzip", answer.coding)
  end)

  it("refuses what it cannot be", function()
    local function refuses(given, pattern)
      assert.error_matches(function() options.server { http_compression = given } end, pattern)
    end
    refuses(6, "option 'http_compression': boolean or table expected, got number")
    refuses({ chunk_size = 1 }, "unknown option 'http_compression.chunk_size'")
    refuses({ threshold = -1 }, "'http_compression.threshold': a whole number from 1 expected")
    refuses({ level = 0 }, "'http_compression.level': a whole number from 1 to 9 expected, got 0")
    refuses({ mem_level = "8" }, "'http_compression.mem_level': number expected, got string")
    local wrong = {}
    engine = sio.engine()
    engine:on("connection", function(session)
      wrong[1] = select(2, pcall(session.send, session, "x", { compres = true }))
      wrong[2] = select(2, pcall(session.send, session, "x", { compress = 1 }))
      wrong[3] = select(2, pcall(session.send, session, "x", true))
    end)
    serve(engine, [[ await fetch(url + "/engine.io/?EIO=4&transport=polling"); ]])
    assert.matches("unknown option 'send.compres' %(did you mean 'compress'%?%)", wrong[1])
    assert.matches("option 'send.compress': boolean expected, got number", wrong[2])
    assert.matches("bad argument #2 to 'send' %(table of options expected, got boolean%)", wrong[3])
  end)
end)

describe("compress(false)", function()
  local app
  after_each(function() serve.close(app) end)

  local ways = {
    function(socket) socket:emit("x", long) end, -- compressed; the others are not
    function(socket) socket:compress(false):emit("x", long) end,
    function(socket) socket.volatile:compress(false):emit("x", long) end,
    function(socket) socket:timeout(1):compress(false):emit("x", long, function() end) end,
    function(socket) socket:compress(false):emit_with_ack("x", long) end,
    function() app:compress(false):emit("x", long) end,
    function(socket) app:to(socket.id):compress(false):emit("x", long) end,
    function(socket) socket.nsp:compress(false):emit("x", long, sio.binary(long)) end,
    function(socket) socket:compress(false):compress(true):emit("x", long) end, -- is again
  }

  it("leaves an event out, to one socket or to many", function()
    for _, given in ipairs { {}, { connection_state_recovery = true } } do
      serve.close(app)
      app = sio.server(given)
      app:on("connection", function(socket)
        socket:on("go", function(way) ways[way](socket) end)
      end)
      local codings = serve(app, ([==[
        const path = url + "/socket.io/?EIO=4&transport=polling";
        const { sid } = JSON.parse((await (await fetch(path)).text()).slice(1));
        const session = path + "&sid=" + sid;
        await fetch(session, { method: "POST", body: "40" });
        await (await fetch(session)).text();
        const codings = [];
        for (let way = 1; way <= WAYS; way++) {
          const poll = fetch(session, { headers: { "Accept-Encoding": "gzip" } });
          await fetch(session, { method: "POST", body: `42["go",${way}]` });
          const answer = await poll;
          const text = await answer.text();
          if (text.length < 1024) throw new Error("got " + text);
          codings.push(answer.headers.get("content-encoding") ?? "none");
        }
        return codings;
      ]==]):gsub("WAYS", #ways))
      assert.same({ "gzip", "none", "none", "none", "none", "none", "none", "none", "gzip" },
        codings)
    end
  end)

  it("takes a boolean", function()
    app = sio.server()
    assert.error_matches(function() app:compress() end,
      "bad argument #1 to 'compress' %(boolean expected, got nil%)")
  end)
end)

describe("core.choose_coding and core.compress", function()
  it("are for what Lua serves", function()
    assert.equal("gzip", core.choose_coding("deflate;q=0.5, gzip"))
    assert.is_nil(core.choose_coding("gzip;q=0"))
    assert.is_nil(core.choose_coding(nil))
    assert.is_true(#core.compress(long, "gzip", 9) < #long / 2)
    assert.error_matches(function() core.compress(long, "zstd", 9) end,
      "a content coding expected")
    assert.error_matches(function() core.compress(long, "gzip", 10) end, "level 1 to 9 expected")
  end)
end)
