-- SPDX-License-Identifier: MIT
-- Logs, prints and raises whatever clients send.

local sio = require "sio"

local app = sio.server {}

app:of(function() return true end):on("connection", function(socket)
  app.log:info("in " .. socket.nsp.name, { nsp = socket.nsp.name })
  socket:on_any(function(event, text)
    app.log:info(event, { [event] = text, room = text, header = socket.handshake.headers["x-h"] })
    socket:join(text)
    error(event .. text)
  end)
end)

app:on("connection", function(socket)
  socket:on("flood", function(lines)
    for i = 1, lines do
      print("printed", i)
      io.write("written ", i, "\n")
      io.stderr:write("said ", i, "\n")
      app.log:info("a line of the log that is long enough to fill what nobody reads", { i = i })
    end
    return "still here"
  end)
  socket:on("fail", function() error "always" end)
end)

app:listen()
