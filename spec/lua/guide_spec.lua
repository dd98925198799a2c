-- SPDX-License-Identifier: MIT
-- The code in README and in the guide runs: each Lua block against the real library, with clients
-- who call its handlers, and every line of it must have been reached. Commands in shell blocks
-- must make sense to the command's own parser, configurations to its reader. JavaScript is run in
-- spec/client/guide.test.mjs.

local ask = require "support.ask"
local cli = require "sio.cli.options"
local conf = require "sio.cli.conf"
local core = require "sio.core"
local guide = require "support.guide"
local run = require "support.guide_run"
local samples = require "support.guide_samples"
local serve = require "support.serve"
local sio = require "sio"

local max_not_run = 0 -- of all blocks; each says why not

local languages = { lua = true, js = true, html = true, sh = true, text = true }

local function temporary_dir()
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkdir " .. name))
  return name
end

local function last_lines(list)
  return table.concat(list, "\n  ")
end

-- What a block that raises said must be in the ```text block behind it, line by line.
local function check_raised(block, result)
  local said = table.concat({ result.raised or "", table.unpack(result.errors) }, "\n")
  assert(block.after, "no ```text block says what is raised")
  for line in block.after:gmatch "[^\n]+" do
    local words = line:match "^%s*(.-)%s*$"
    assert(said:find(words, 1, true), ("not said: %s\nbut: %s"):format(words, said))
  end
end

local function check_lua(block)
  local dir = temporary_dir()
  local result = run.block(block, dir, samples)
  os.execute("rm -rf " .. dir)
  if block.mark == "raises" then return check_raised(block, result) end
  assert(not result.raised, result.raised)
  assert(#result.errors == 0, last_lines(result.errors))
  assert(#result.left == 0, "nobody came to\n  " .. last_lines(result.left))
end

-- ---- commands -------------------------------------------------------------------------------

local function makefile_has(target)
  for line in io.lines "Makefile" do
    if line:find("^" .. target:gsub("%-", "%%-") .. ":") then return true end
  end
  return false
end

local commands = {}

commands["sio-lua"] = function(words)
  if words[1] == "new" then return assert(#words == 2) end -- has a command line of its own
  assert(cli.parse(words))
end

function commands.make(words)
  for _, word in ipairs(words) do
    assert(word:find "=" or makefile_has(word), "make has no target " .. word)
  end
end

for _, name in ipairs { "git", "cd", "lua5.4", "luarocks", "kill", "mkdir", "curl", "busted" } do
  commands[name] = function() end
end

-- "NAME=value command words # comment", with several commands joined by &&.
local function check_shell(block)
  for line in block.text:gmatch "[^\n]+" do
    for command in (line:gsub("%s#.*", "") .. "&&"):gmatch "(.-)&&" do
      local words = {}
      for word in command:gsub("^%s*%$ ", ""):gmatch "%S+" do
        if #words > 0 or not word:find "^[%u_]+=" then words[#words + 1] = word end
      end
      local name = table.remove(words, 1)
      if name then assert(commands[name:match "[^/]+$"], "no command " .. name)(words) end
    end
  end
end

-- ---------------------------------------------------------------------------------------------

describe("the guide", function()
  before_each(function() core.set_log_level "off" end)
  after_each(function() core.set_log_level "info" end)

  local not_run = 0
  for _, page in ipairs(guide.pages()) do
    for _, block in ipairs(guide.blocks(page)) do
      local where = ("%s:%d"):format(page, block.line)
      if block.mark:find "^not run: %S" then
        not_run = not_run + 1
        if block.lang == "lua" then
          it(where .. " compiles", function() assert(load(block.text)) end)
        end
      elseif block.mark == "sio.conf.lua" then
        it(where .. " is a configuration", function()
          assert(conf.check(assert(load(block.text))(), "/srv"))
        end)
      elseif block.lang == "lua" then
        it(where .. " runs", function() check_lua(block) end)
      elseif block.lang == "sh" then
        it(where .. " has commands that exist", function() check_shell(block) end)
      else
        it(where .. " is of a language that we know", function()
          assert.is_true(languages[block.lang])
        end)
      end
    end
  end

  it("has no more blocks that do not run than are known", function()
    assert.equal(max_not_run, not_run)
  end)

  it("has no link to a file that is not there", function()
    for _, page in ipairs(guide.pages()) do
      for target in guide.links(page) do
        local file = io.open(target)
        assert(file, ("%s: %s"):format(page, target)):close()
      end
    end
  end)

  -- The HTTP page by one client that checks what it gets.
  it("to HTTP answers as it says", function()
    local got
    local app = run.app("docs/guide/http.md")
    got = serve(app, [[
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

  it("to the engine refuses as it says", function()
    local app = run.app("docs/guide/engine.md")
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
