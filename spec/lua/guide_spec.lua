-- SPDX-License-Identifier: MIT
-- The Lua of the guides runs: the blocks of a page are one app, in their order.

local ask = require "support.ask"
local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

-- The blocks as one chunk, which ends by giving away its `app`.
local function load_page(name)
  local file = assert(io.open("docs/guide/" .. name))
  local text = file:read "a"
  file:close()
  local blocks = {}
  for block in text:gmatch "```lua\n(.-)```" do blocks[#blocks + 1] = block end
  blocks[#blocks + 1] = "return app"
  return assert(load(table.concat(blocks, "\n"), "@docs/guide/" .. name))()
end

describe("the guide", function()
  before_each(function() core.set_log_level "off" end)
  after_each(function() core.set_log_level "info" end)

  it("to HTTP is an app", function()
    local app = load_page "http.md"
    local got = serve(app, [[
      const form = { method: "POST", body: new URLSearchParams({ name: "ann" }) };
      return [
        await request("/users/7?page=2"), await request("/login", form),
        await request("/login", { method: "POST" }), await request("/docs/a/b"),
        await request("/ticks"), await request("/nothing"),
      ];
    ]])
    serve.close(app)
    assert.same({ id = "7", page = "2" }, sio.json.decode(got[1].body))
    assert.same({ 303, { "name=ann", "seen=1" } }, { got[2].status, got[2].headers["set-cookie"] })
    assert.equal(400, got[3].status)
    assert.equal("the page a/b\n", got[4].body)
    assert.equal("data: tick 1\n\ndata: tick 2\n\ndata: tick 3\n\n", got[5].body)
    assert.equal(404, got[6].status)
  end)

  it("to the engine is an app", function()
    local app = load_page "engine.md"
    local refused = {}
    app.engine:on("connection_error", function(e) refused[#refused + 1] = e.context.error end)
    local got = ask(app, [[
      return [await poll(), await poll("", { Cookie: "token=secret" })];
    ]])
    serve.close(app)
    assert.same({ 400, 200 }, { got[1].status, got[2].status })
    assert.equal("sio-lua", got[1].headers["x-served-by"])
    assert.same({ "who are you?" }, refused)
  end)
end)
