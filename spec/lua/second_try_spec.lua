-- SPDX-License-Identifier: MIT
-- The scripts that run JavaScript tests and count them, on files of tests that fail once, always,
-- or not at all: what is tried again, what is said of it, and what counts.

local HEAD = [[
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
function fresh(mark) {
  const is = !existsSync(mark);
  writeFileSync(mark, "");
  return is;
}
it("passes", () => {});
it("is skipped", { skip: "for a reason" }, () => {});
]]

local ONCE = HEAD .. [[
describe("a suite", () => it("fails \\once, $HOME", () => assert.ok(!fresh("%s.mark"))));
]]
local ALWAYS = HEAD .. [[
it("fails always", () => assert.fail("on purpose"));
]]
local CRASH = HEAD .. [[
if (fresh("%s.mark")) process.kill(process.pid, "SIGKILL");
]]

local function read(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local _, _, status = pipe:close()
  return text, status
end

local has_node = select(2, read "env -u LD_PRELOAD node --version 2>/dev/null") == 0
local describe_with_node = has_node and describe or pending

describe_with_node("a second try", function()
  local folder

  before_each(function()
    folder = read("mktemp -d"):gsub("\n", "")
    read(("mkdir %s/tools && cp tools/suite.sh tools/tap.awk tools/node_tests.sh tools/totals.sh "
      .. "tools/tap_reporter.mjs %s/tools"):format(folder, folder))
  end)
  after_each(function() read("rm -r " .. folder) end)

  -- What the suite prints last, its status, and all that it has printed.
  local function run(tries, files)
    local names = {}
    for i, text in ipairs(files) do
      names[i] = ("file%d.test.mjs"):format(i)
      local file <close> = assert(io.open(folder .. "/" .. names[i], "w"))
      file:write((text:gsub("%%s", names[i])))
    end
    local text, status = read(("cd %s && env -u LD_PRELOAD SECOND_TRY=%s tools/suite.sh clients "
      .. "tap tools/node_tests.sh %s"):format(folder, tries, table.concat(names, " ")))
    return text:match "([^\n]*)\n$", status, text
  end

  local function totals(steps)
    return read(("cd %s && tools/totals.sh %d clients"):format(folder, steps))
  end

  it("that passes is said and named, and what failed first is not hidden", function()
    local last, status, text = run(2, { HEAD, ONCE, HEAD })
    local again = [[, 1 at the second try: file2.test.mjs "a suite > fails \once, $HOME"]]
    assert.equal("== clients: 4 passed, 0 failed, 3 skipped" .. again, last)
    assert.equal(0, status)
    assert.truthy(text:find([[not ok - a suite > fails \once, $HOME]], 1, true))
    assert.truthy(text:find "# file3.test.mjs\n.*# again: file2.test.mjs\n")
    text, status = totals(0)
    assert.equal("clients          4 passed, 0 failed, 3 skipped" .. again
      .. "\n4 passed, 0 failed\n", text)
    assert.equal(0, status)
    text, status = totals(1)
    assert.equal("4 passed, 1 failed", text:match "([^\n]*)\n$")
    assert.equal(1, status)
  end)

  it("is for two files", function()
    local last, status = run(2, { ONCE, CRASH })
    assert.equal([[== clients: 3 passed, 0 failed, 2 skipped, 2 at the second try: ]]
      .. [[file1.test.mjs "a suite > fails \once, $HOME"; file2.test.mjs "]] .. folder
      .. '/file2.test.mjs"', last)
    assert.equal(0, status)
  end)

  it("is not for three", function()
    local last, status, text = run(2, { ONCE, ONCE, ONCE, HEAD })
    assert.equal("== clients: 4 passed, 3 failed, 4 skipped", last)
    assert.equal(1, status)
    assert.falsy(text:find("again", 1, true))
  end)

  it("that fails counts as one", function()
    local last, status, text = run(2, { ALWAYS, HEAD })
    assert.equal("== clients: 2 passed, 1 failed, 2 skipped", last)
    assert.equal(1, status)
    assert.equal(2, select(2, text:gsub("not ok %- fails always", "")))
    assert.equal("2 passed, 1 failed", totals(0):match "([^\n]*)\n$")
  end)

  it("is not made unless it is asked for", function()
    local last, status = run("", { ONCE, HEAD })
    assert.equal("== clients: 2 passed, 1 failed, 2 skipped", last)
    assert.equal(1, status)
  end)
end)
