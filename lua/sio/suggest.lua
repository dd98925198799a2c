-- SPDX-License-Identifier: MIT
-- Which known word was probably meant. Pure, so that the command line can use it before the core is
-- loaded; errors.suggest and sio.cli.options call it.

local suggest = {}

-- Edits between two words (Levenshtein).
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

local prefix_least = 3 -- "work" means workers; "w" could mean anything

--- The known word nearest to the given one, or nil when none is near.
---@param word string
---@param known table<string, any>
---@return string?
function suggest.nearest(word, known)
  local best, best_distance
  for candidate in pairs(known) do
    local d = distance(word, candidate)
    if #word >= prefix_least and candidate:sub(1, #word) == word then d = 0 end
    if not best or d < best_distance or (d == best_distance and candidate < best) then
      best, best_distance = candidate, d
    end
  end
  local most = #word < 4 and 1 or math.max(2, #word // 3)
  return best and best_distance <= most and best or nil
end

return suggest
