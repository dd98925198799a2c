-- SPDX-License-Identifier: MIT
-- The commands beside running an application: `sio-lua new DIR`. A new one is a row here, which
-- --help shows and a shell completes; its module is loaded when it is called.
--
-- Pure. sio.cli calls the module's run(words), the words behind the command's name: it answers the
-- exit code, or nil and what is wrong with them.

---@class sio.cli.Command
---@field name string
---@field argument? string what --help calls its words
---@field module string
---@field help string

---@type sio.cli.Command[]
local commands = {
  { name = "new", argument = "DIR", module = "sio.cli.new",
    help = "make a small application in a folder that is not there yet, or empty" },
}

return commands
