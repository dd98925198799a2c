-- SPDX-License-Identifier: MIT
-- Prints the blocks of the guide as JSON, each with the app that its page has above it: the nearest
-- Lua block, on top of the app that this stands on. For the tests with JavaScript.

package.path = "spec/?.lua;" .. package.path
local cjson = require "cjson"
local guide = require "support.guide"

local found = setmetatable({}, cjson.array_mt)
for _, page in ipairs(guide.pages()) do
  local above
  for _, block in ipairs(guide.blocks(page)) do
    if block.lang == "lua" and block.mark == "" then above = block end
    if block.mark == "" then
      found[#found + 1] = { page = page, section = block.section, line = block.line,
        lang = block.lang, text = block.text,
        app = above and guide.app_text(above) or guide.empty_app }
    end
  end
end
print(cjson.encode(found))
