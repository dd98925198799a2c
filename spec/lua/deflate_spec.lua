-- SPDX-License-Identifier: MIT
-- per_message_deflate: every option shows in the handshake or in the frames.

local options = require "sio.options"
local serve = require "support.serve"
local sio = require "sio"

-- A WebSocket without a library: what the handshake answers, and the frames behind the open packet
-- as { compressed, bytes }.
local snippet = [==[
  const http = await import("node:http");
  const [socket, head, response] = await new Promise((resolve, reject) => {
    const req = http.request(url + "/engine.io/?EIO=4&transport=websocket", { headers: {
      Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    } });
    req.on("upgrade", (res, socket, head) => resolve([socket, head, res])).on("error", reject);
    req.end();
  });
  let bytes = head;
  const frames = [];
  const take = () => {
    for (;;) {
      if (bytes.length < 4) return;
      const long = bytes[1] === 126;
      const length = long ? bytes.readUInt16BE(2) : bytes[1];
      const end = length + (long ? 4 : 2);
      if (bytes.length < end) return;
      frames.push({ compressed: (bytes[0] & 0x40) !== 0, bytes: length });
      bytes = bytes.subarray(end);
    }
  };
  take();
  while (frames.length < 3) {
    bytes = Buffer.concat([bytes, (await (await import("node:events")).once(socket, "data"))[0]]);
    take();
  }
  socket.destroy();
  return { answer: response.headers["sec-websocket-extensions"], frames: frames.slice(1) };
]==]

local words = {}
for i = 1, 400 do words[i] = ("word%d and %d"):format(i * 7919 % 311, i * i % 97) end
local long = table.concat(words, " ")

describe("per_message_deflate", function()
  local engine
  after_each(function()
    serve.close(engine)
    engine = nil
  end)

  -- The handshake's answer, and the frames of a short and a long message.
  local function try(given, first)
    serve.close(engine)
    engine = sio.engine { per_message_deflate = given }
    engine:on("connection", function(session)
      session:send(first or "short")
      session:send(long)
    end)
    local got = serve(engine, snippet)
    return got.answer, got.frames[1], got.frames[2]
  end

  it("is off by default", function()
    for i = 1, 2 do
      local given
      if i == 2 then given = false end -- the other time not given at all
      local answer, _, frame = try(given)
      assert.is_nil(answer)
      assert.is_false(frame.compressed)
      assert.equal(#long + 1, frame.bytes)
    end
  end)

  it("compresses long messages, each for itself", function()
    local answer, short, frame = try(true)
    assert.equal("permessage-deflate; server_no_context_takeover; client_no_context_takeover",
      answer)
    assert.same({ compressed = false, bytes = 6 }, short)
    assert.is_true(frame.compressed)
    assert.is_true(frame.bytes < #long / 3)
  end)

  it("has a threshold", function()
    local _, first = try({ threshold = 100 }, ("x"):rep(98))
    assert.is_false(first.compressed)
    _, first = try({ threshold = 100 }, ("x"):rep(99)) -- and the digit
    assert.is_true(first.compressed)
    local _, _, frame = try { threshold = #long + 2 }
    assert.is_false(frame.compressed)
  end)

  it("has a level and a memory level", function()
    local _, _, default = try(true)
    local _, _, fast = try { level = 1 }
    local _, _, small = try { mem_level = 1 }
    assert.is_true(fast.bytes > default.bytes)
    assert.is_true(small.bytes > default.bytes)
  end)

  it("can keep the context of either side", function()
    local answer, short = try { server_no_context_takeover = false }
    assert.equal("permessage-deflate; client_no_context_takeover", answer)
    assert.is_true(short.compressed) -- short ones pay, too
    answer, short = try { client_no_context_takeover = false }
    assert.equal("permessage-deflate; server_no_context_takeover", answer)
    assert.is_false(short.compressed)
  end)

  it("can ask for smaller windows", function()
    local answer, _, frame = try { server_max_window_bits = 9 }
    assert.matches("; server_max_window_bits=9$", answer)
    local _, _, default = try(true)
    assert.is_true(frame.bytes > default.bytes)
    answer = try { client_max_window_bits = 10 }
    assert.matches("; client_max_window_bits=10$", answer)
  end)

  it("refuses what it cannot be", function()
    local function refuses(given, pattern)
      assert.error_matches(function() options.server { per_message_deflate = given } end, pattern)
    end
    refuses("yes", "option 'per_message_deflate': boolean or table expected, got string")
    refuses({ treshold = 1 }, "unknown option 'per_message_deflate.treshold' %(did you mean")
    refuses({ threshold = 0 }, "'per_message_deflate.threshold': a whole number from 1 expected")
    refuses({ level = 10 }, "'per_message_deflate.level': a whole number from 1 to 9 expected")
    refuses({ mem_level = 0 }, "'per_message_deflate.mem_level'")
    refuses({ server_max_window_bits = 7 }, "a whole number from 8 to 15 expected, got 7")
    refuses({ client_max_window_bits = 15.5 }, "a whole number from 8 to 15 expected, got 15.5")
    refuses({ server_no_context_takeover = 1 }, "boolean expected, got number")
  end)
end)
