-- SPDX-License-Identifier: MIT
local sio = require "sio"

local interval = 1 -- seconds between two samples

local app = sio.server { max_packets_per_second = 2000 }
app:static("/", "public")

local events = 0 -- since the last sample, of this worker

app:on("connection", function(socket)
  socket:join "dashboards"
  socket:on("work", function(n)
    events = events + 1
    return n -- a page can put the server under load and see it
  end)
end)

-- Resident memory in bytes, where there is a /proc.
local function resident()
  local file = io.open "/proc/self/statm"
  local pages = file and file:read("a"):match "^%d+ (%d+)"
  if file then file:close() end
  return pages and tonumber(pages) * 4096 or sio.null
end

-- Every worker tells all dashboards about itself; a page that cannot keep up misses a sample.
local before = os.clock()
sio.every(interval, function()
  local worker, now = sio.worker(), os.clock()
  app.volatile:to("dashboards"):emit("sample", {
    worker = worker.id, pid = worker.pid,
    clients = app.engine.clients_count,
    events = events / interval,
    cpu = (now - before) / interval, -- of one processor
    memory = resident(),
    lua = math.floor(collectgarbage "count" * 1024),
  })
  before, events = now, 0
end)

app:listen(3000)
