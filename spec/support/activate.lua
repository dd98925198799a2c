-- SPDX-License-Identifier: MIT
-- Starts a command with listening sockets from descriptor 3 on, as systemd does it:
--     lua5.4 activate.lua "127.0.0.1:0 unix:/path" command...
-- Ends with its status.
local core = require("sio.core")
local address = require("sio.address")
local listener = require("sio.listener")

local fds, opened, status = {}, {}, 1
for text in arg[1]:gmatch("%S+") do
  opened[#opened + 1] = assert(listener.open(assert(address.parse(text))))
  fds[#fds + 1] = opened[#opened].descriptor
end

local command = { "/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", table.unpack(arg, 2) }
assert(core.process.spawn(command, { "LISTEN_FDS=" .. #fds }, fds, function(_, code)
  status = code
  core.stop()
end))
for _, name in ipairs({ "int", "term" }) do core.process.ignore_signal(name) end
core.run()
for _, each in ipairs(opened) do listener.close(each) end
os.exit(status)
