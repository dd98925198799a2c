-- SPDX-License-Identifier: MIT
-- What the checks of lint share: reading a file, complaining about one, ending with 1 when somebody
-- has complained.

local complaints = { count = 0 }

--- Says on stderr what is wrong with a file.
function complaints.add(file, text, ...)
  complaints.count = complaints.count + 1
  io.stderr:write(file, ": ", text:format(...), "\n")
end

--- All that is in a file.
function complaints.read(name)
  local file = assert(io.open(name))
  local text = file:read "a"
  file:close()
  return text
end

--- Ends the program.
function complaints.finish()
  os.exit(complaints.count == 0)
end

return complaints
