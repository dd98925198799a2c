-- SPDX-License-Identifier: MIT
-- The blocks of code in the pages of the guide, and which of them run how.
--
--     ```lua                       runs: spec/lua/guide_spec.lua
--     ```lua raises                must raise or report what the ```text block behind it says
--     ```lua sio.conf.lua          must be a configuration that the command takes
--     ```lua not run: why          does not run; the specs count these
--
-- A block that makes a server (sio.server, sio.engine) is an app. Any other is a fragment: it runs
-- on top of the nearest app above it on its page, or of an empty server; and where it speaks of
-- `socket` without making one, in the handler of "connection". A block that requires sio.test is a
-- spec of the app above it.

local guide = {}

---@class guide.Block
---@field page string
---@field section? string the heading above it
---@field line integer of its first line of code
---@field lang string
---@field mark string what stands behind the language
---@field text string
---@field base? guide.Block the app that a fragment stands on
---@field after? string the text of a ```text block right behind it

local function read(name)
  local file = assert(io.open(name))
  local text = file:read "a"
  file:close()
  return text
end

local function is_app(block)
  if block.lang ~= "lua" then return false end
  return (block.text:find "=%s*sio%.server%f[^%w_]" or block.text:find "=%s*sio%.engine%f[^%w_]")
    ~= nil
end

-- Whether `socket` is used before a function has it as a parameter.
local function wants_socket(block)
  local at = block.text:find "%f[%w_]socket%f[^%w_]"
  local made = block.text:find "function%s*[%w_.:]*%s*%(socket%f[^%w_]"
  return at ~= nil and (made == nil or at < made)
end

--- The blocks of a page, in order.
---@param page string
---@return guide.Block[]
function guide.blocks(page)
  local blocks, open, number, base, section = {}, nil, 0, nil, nil
  for line in (read(page) .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local lang, mark = line:match "^```(%S*)%s*(.-)%s*$"
    if open and lang then
      open.text = table.concat(open, "\n") .. "\n"
      open.app = is_app(open)
      if not open.app then open.base = base else base = open end
      open.spec = open.text:find('require "sio.test"', 1, true) ~= nil
      open.in_socket = not open.spec and wants_socket(open)
      local before = blocks[#blocks]
      if open.lang == "text" and before and before.last == open.line - 3 then
        before.after = open.text
      end
      open.last = number
      blocks[#blocks + 1] = open
      open = nil
    elseif lang then
      open = { page = page, section = section, line = number + 1, lang = lang, mark = mark }
    elseif open then
      open[#open + 1] = line
    else
      section = line:match "^## (.*)" or section
    end
  end
  assert(not open, page .. ": a block without an end")
  return blocks
end

--- README and every page of the guide.
---@return string[]
function guide.pages()
  local pages = { "README.md" }
  local list = assert(io.popen "ls docs/guide/*.md examples/README.md examples/*/README.md")
  for name in list:lines() do pages[#pages + 1] = name end
  list:close()
  return pages
end

--- Iterates over the files of this tree to which a page has links.
---@param page string
---@return fun(): string?
function guide.links(page)
  local dir = page:match "^(.*/)" or ""
  local next_link = read(page):gmatch "%]%(([^)%s#]+)[^)]*%)"
  return function()
    local target
    repeat target = next_link() until not target or not target:find "^%a+:"
    return target and dir .. target
  end
end

-- Whether a line of code can begin with a statement, given the line of code before it.
local function begins_statement(code, before)
  local first = code:match "^%s*(%a%w*)"
  if not first or first:find "^end$" or first:find "^else" or first == "until"
    or first == "and" or first == "or" then return false end
  return not before:find "[,({=+*/%-.<>]%s*$" and not before:find "%f[%w]and%s*$"
    and not before:find "%f[%w]or%s*$" and not before:find "%f[%w]not%s*$"
end

-- Calls of `_ran` at the head of each function and before each line's statement: what is never
-- called, or ends in an error or a wait that does not return, is known.
local function instrument(block, places)
  local number, before, quoted = block.line - 1, "", false
  local function mark(what)
    places[#places + 1] = ("%s:%d: %s"):format(block.page, number, what)
    return (" _ran(%d) "):format(#places)
  end
  return (block.text:gsub("([^\n]*)\n", function(line)
    number = number + 1
    if quoted then
      quoted = not line:find("]]", 1, true)
      return
    end
    local code, comment = line:match "^(.-)(%-%-.*)$"
    code, comment = code or line, comment or ""
    if not code:find "%S" then return end
    quoted = code:find("[[", 1, true) and not code:find("]]", 1, true)
    local marked = code:gsub("%f[%w_]function%f[^%w_]%s*[%w_.:]*%s*%b()", function(head)
      return head .. mark(head)
    end)
    if begins_statement(code, before) then marked = mark(code) .. marked end
    before = code
    return marked .. comment .. "\n"
  end))
end

--- What a fragment stands on when its page has no app above it.
guide.empty_app = 'local sio = require "sio" local app = sio.server()'

-- A fragment's text in its place: in the handler of "connection" when it needs a socket.
local function place(block, text)
  if not block.in_socket then return text end
  return ('app:on("connection", function(socket) %s end)'):format(text)
end

--- A block as a chunk's text, on the lines where it stands in its page, and the places in it that
--- have to be reached.
---@param block guide.Block
---@return string text, string[] places
function guide.chunk(block)
  local places = {}
  local text = place(block, instrument(block, places))
  local base = block.base
  if block.app or block.spec then
    return ("\n"):rep(block.line - 1) .. text, places
  elseif not base then
    return guide.empty_app .. ("\n"):rep(block.line - 1) .. text, places
  end
  local gap = block.line - base.line - select(2, base.text:gsub("\n", ""))
  return ("\n"):rep(base.line - 1) .. base.text .. ("\n"):rep(gap) .. text, places
end

--- A block as an app file.
---@param block guide.Block
---@return string
function guide.app_text(block)
  local base = block.base and block.base.text or guide.empty_app
  local text = block.app and block.text or base .. "\n" .. place(block, block.text)
  local listens = text:find(":listen(", 1, true)
  return listens and text or text .. "\napp:listen(3000)\n"
end

return guide
