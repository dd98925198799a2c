-- SPDX-License-Identifier: MIT
-- The house numbers, checked: the length of files, functions and lines, the licence line on top,
-- and words that may not stay in the tree. Reads the files that git knows or would add.

local limits = {
  c = { file = 500, line = 100, body = 70 },
  h = { file = 200, line = 100, body = 70 },
  lua = { file = 300, line = 100 },
  sh = { line = 140 }, -- tables of package names,
  mjs = { file = 500, line = 100 },
  js = { file = 500, line = 100 },
  Makefile = { file = 200 },
}
local unlimited = { ["spec/c/test.h"] = true } -- a harness in one header
local spec_lines = 500 -- a spec file is a list of cases
local example_lines = 60 -- an example shows how little it takes
local words = { "TO" .. "DO", "FIX" .. "ME", "X" .. "XX", "not " .. "implemented" }

local bad = 0
local function complain(file, line, text, ...)
  bad = bad + 1
  io.stderr:write(("%s:%d: "):format(file, line), text:format(...), "\n")
end

local function characters(line)
  return utf8.len(line) or #line
end

-- A function in our format opens with "{" and closes with "}" in the first column.
local function check_bodies(file, lines, limit)
  local open
  for n, line in ipairs(lines) do
    if line == "{" then
      open = n
    elseif line:sub(1, 1) == "}" and open then
      if n - open - 1 > limit then
        complain(file, open, "a function of %d lines, the limit is %d", n - open - 1, limit)
      end
      open = nil
    end
  end
end

local function check_lines(file, lines, limit)
  for n, line in ipairs(lines) do
    if limit.line and characters(line) > limit.line then
      complain(file, n, "%d columns, the limit is %d", characters(line), limit.line)
    end
    if line:match("%s$") then complain(file, n, "white space at the end") end
    for _, word in ipairs(words) do
      if line:find("%f[%w]" .. word .. "%f[%W]") then
        complain(file, n, "\"%s\" may not stay", word)
      end
    end
  end
end

local function check(file)
  local kind = file:match("%.([%w]+)$") or file:match("[^/]+$")
  local limit = limits[kind]
  if not limit then return end
  local lines = {}
  for line in io.lines(file) do lines[#lines + 1] = line end
  local top = table.concat(lines, "\n", 1, math.min(2, #lines))
  if not top:find("SPDX-License-Identifier: MIT", 1, true) then
    complain(file, 1, "the first line is SPDX-License-Identifier: MIT")
  end
  local most = file:match("^spec/") and limit.file and spec_lines or limit.file
  if kind == "lua" and file:match("^examples/") then most = example_lines end
  if most and #lines > most and not unlimited[file] then
    complain(file, #lines, "%d lines, the limit is %d", #lines, most)
  end
  check_lines(file, lines, limit)
  if limit.body then check_bodies(file, lines, limit.body) end
end

local list = assert(io.popen("git ls-files --cached --others --exclude-standard"))
for file in list:lines() do
  local f = io.open(file) -- listed, but deleted in the working tree
  if f then
    f:close()
    check(file)
  end
end
list:close()
os.exit(bad == 0)
