-- SPDX-License-Identifier: MIT
-- Limits per client address.

local sio = require "sio"

local options = {
  connections = { max_connections_per_address = 2 },
  handshakes = { max_handshakes_per_address = 3 },
}

sio.engine(options[os.getenv "QUOTA"]):listen()
