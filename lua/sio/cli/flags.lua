-- SPDX-License-Identifier: MIT
-- The options of the command, as data: what the parser takes, what --help says, what a shell
-- completes and what may stand in sio.conf.lua. A new option is a row here.
--
-- Pure. sio.cli.options reads it for the command line, sio.cli.conf for the file; the options of
-- commands are such rows too (sio.cli.commands).

local arguments = require "sio.cli.arguments"
local values = require "sio.cli.values"

---@class sio.cli.Flag
---@field name string as written behind --
---@field short? string one letter
---@field argument? string what --help calls its value; nil: it takes none
---@field take? sio.cli.Taker with an argument
---@field optional? boolean only --name=VALUE has a value, --name alone is true
---@field repeats? boolean again and again: its values are a list
---@field words? string[] all values that it takes
---@field path? "file"|"folder" its value is one
---@field conf? boolean false: not for sio.conf.lua, where it is called as `field`
---@field conf_name? string its name there, when it is another: "log.level"
---@field app? boolean may stand in sio.server{} as well, and holds for all servers
---@field restart? boolean a running supervisor cannot change it
---@field help string
---@field field string of the result; `name` with underscores

local flags = {}

flags.balance_methods = {
  "least-connection", "round-robin", "random", "ip-hash", "forwarded-for",
}
flags.log_levels = { "debug", "info", "warn", "error", "off" }
flags.log_formats = { "auto", "text", "json" }

---@type { title: string, [integer]: sio.cli.Flag }[]
flags.groups = {
  {
    title = "Where",
    { name = "config", short = "c", argument = "FILE", take = values.file, path = "file",
      conf = false,
      help = "where these options may stand as well (sio.conf.lua, when no application is named)" },
    { name = "bind", short = "b", argument = "ADDRESS", take = values.address, repeats = true,
      restart = true,
      help = "listen there, not where the application says: HOST:PORT, PORT, unix:/path or fd:N " ..
        "(a listening socket that was inherited); repeatable" },
    { name = "port", short = "p", argument = "N", take = values.integer(0, 65535),
      restart = true,
      help = "port of the application's first address (PORT; 3000)" },
    { name = "port-per-worker", restart = true,
      help = "worker 1 listens on that port, worker 2 on the next, and so on: for a balancer in " ..
        "front that chooses" },
    { name = "host", short = "H", argument = "ADDRESS", take = values.host, restart = true,
      help = "host of the application's first address (all)" },
  },
  {
    title = "Workers",
    { name = "workers", short = "w", argument = "N|auto", take = values.workers, app = true,
      help = "worker processes, auto: one per processor (SIO_WORKERS, WEB_CONCURRENCY)" },
    { name = "balance", argument = "METHOD", take = values.one_of(flags.balance_methods),
      words = flags.balance_methods,
      help = "which worker gets a new client: " .. table.concat(flags.balance_methods, ", ") },
    { name = "journal-size", argument = "SIZE", take = values.journal_size,
      restart = true,
      help = "memory for what was sent of late, which is what can be recovered; a power of two " ..
        "(32M)" },
  },
  {
    title = "Operation",
    { name = "drain", argument = "SECONDS", take = values.seconds(0), app = true,
      help = "how long a worker may take to end gently: its clients leave one by one (10)" },
    { name = "suspect-after", argument = "SECONDS", take = values.seconds(0.5), app = true,
      help = "silence after which a worker gets no new clients (1)" },
    { name = "heartbeat-timeout", argument = "SECONDS", take = values.seconds(1), app = true,
      help = "silence after which a worker is killed and replaced (10)" },
    { name = "max-memory", argument = "SIZE", take = values.size(1 << 20), app = true,
      help = "replace a worker, gently, that has more memory of its own: 512M, 1.5G" },
    { name = "pidfile", argument = "FILE", take = values.file, path = "file", restart = true,
      help = "have the pid in it; a second sio-lua with the same file does not start" },
    { name = "status", argument = "ADDRESS", take = values.unix_address, restart = true,
      help = "control socket for sio-lua status, stop and the like, unix:/path (PID.sock in a " ..
        "folder of the user's own)" },
    { name = "metrics", argument = "ADDRESS", take = values.own_address, restart = true,
      help = "serve /metrics, /healthz and /readyz there: HOST:PORT, PORT (on 127.0.0.1) or " ..
        "unix:/path" },
    { name = "log-level", argument = "LEVEL", take = values.one_of(flags.log_levels),
      words = flags.log_levels, conf_name = "log.level",
      help = "debug, info, warn, error or off (info)" },
    { name = "log-format", argument = "FORMAT", take = values.one_of(flags.log_formats),
      words = flags.log_formats, conf_name = "log.format", restart = true,
      help = "auto, text or json; auto: text on a terminal, JSON elsewhere (SIO_LOG_FORMAT; " ..
        "auto)" },
  },
  {
    title = "Development",
    { name = "check", conf = false,
      help = "load the application, say what it would do, and end: with 0, or with 3 and its " ..
        "error" },
    { name = "watch", argument = "DIR", take = values.folder, optional = true, path = "folder",
      conf = false,
      help = "load it again whenever code in its folder, or in DIR, changes" },
  },
  {
    title = "Help",
    { name = "version", conf = false, help = "show the version" },
    { name = "help", short = "h", conf = false, help = "show this help" },
  },
}

---@type sio.cli.Flag[] in the order of --help
flags.list = {}
for _, group in ipairs(flags.groups) do
  table.move(group, 1, #group, #flags.list + 1, flags.list)
end

local index = arguments.index(flags.list)
flags.by_name, flags.by_letter = index.by_name, index.by_letter

---@type table<string, sio.cli.Flag>
flags.by_field = {}
for _, flag in ipairs(flags.list) do flags.by_field[flag.field] = flag end

return flags
