-- SPDX-License-Identifier: MIT
-- What one handler does in a row, for the tests of order: everybody hears "heard".
local sio = require("sio")

local app = sio.server()

app:on("connection", function(socket)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)

  socket:on("count", function() return app:count() end)

  -- To all, then to one, again and again: the one may be anywhere.
  socket:on("to all and to one", function(id, rounds)
    for n = 1, rounds do
      app:emit("heard", "all", n)
      app:to(id):emit("heard", "one", n)
    end
    return true
  end)
  socket:on("to all and to me", function(rounds)
    for n = 1, rounds do
      app:emit("heard", "all", n)
      socket:emit("heard", "one", n)
    end
    return true
  end)
  socket:on("to all", function(value) app:emit("heard", value) end)

  -- In the room for one broadcast and out of it for the next.
  socket:on("join and leave", function(rounds)
    for n = 1, rounds do
      socket:join("r")
      app:to("r"):emit("heard", "in", n)
      socket:leave("r")
      app:to("r"):emit("heard", "out", n)
    end
    return true
  end)
  socket:on("make join and leave", function(id, rounds)
    for n = 1, rounds do
      app:to(id):sockets_join("r")
      app:to("r"):emit("heard", "in", n)
      app:to(id):sockets_leave("r")
      app:to("r"):emit("heard", "out", n)
    end
    return true
  end)
  -- Everybody joins, and is told of it: from this worker a broadcast, from all a question.
  socket:on("all join", function(room)
    app:sockets_join(room)
    app:to(room):emit("heard", "joined", room)
    return { count = app:to(room):count() }
  end)
end)

app:listen(3000)
