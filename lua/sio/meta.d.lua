-- SPDX-License-Identifier: MIT
---@meta sio
-- luacheck: ignore
-- Types for editors (LuaLS): what has no Lua source of its own, and the shapes of options. Classes
-- with methods in Lua are annotated where they are written. Nothing requires this file.

---@class sio.EngineOptions
---@field path? string prefix of the URL's path; "/engine.io"
---@field ping_interval? number seconds between heartbeats; 25
---@field ping_timeout? number seconds that a client has to answer one; 20
---@field upgrade_timeout? number seconds that an upgrade may take; 10
---@field message_timeout? number seconds that a WebSocket message may take from its first byte; 60
---@field max_http_buffer_size? integer bytes of one message or request body; 1e6
---@field transports? ("polling"|"websocket")[] both
---@field allow_upgrades? boolean true
---@field per_message_deflate? boolean|sio.DeflateOptions compression of WebSocket messages; false
---@field http_compression? boolean|sio.CodingOptions compression of polls; true
---@field allow_eio3? boolean clients of Socket.IO v2 (Engine.IO v3) as well; false
---@field add_trailing_slash? boolean whether `path` ends with a slash; true
---@field allow_request? async fun(req: sio.EngineRequest): any, string? who may open a session
---@field generate_id? async fun(req: sio.EngineRequest): string?, string? ids of sessions
---@field initial_packet? string|sio.Binary a message right after the open packet
---@field cookie? boolean|sio.CookieOptions with the session's id; false
---@field cors? boolean|sio.CorsOptions|sio.CorsFunction false
---@field destroy_upgrade? boolean requests for another protocol elsewhere have a time limit; true
---@field destroy_upgrade_timeout? number seconds; 1
---@field workers? integer|"auto" processes; for the command sio-lua
---@field balance? sio.Balance where new sessions go; "least-connection"
---@field drain? number seconds that the gentle end of a worker may take; 10
---@field suspect_after? number seconds of silence until a worker gets no new clients; 1
---@field heartbeat_timeout? number seconds of silence until a worker is killed and replaced; 10
---@field max_memory? integer|string bytes, or "512M", of its own above which a worker is replaced
---@field max_connections? integer open connections of a worker; 250000
---@field max_buffered? integer bytes that may wait for a client; 4 MiB
---@field high_water? integer bytes above which one is under pressure; 1 MiB, or max_buffered / 4
---@field pressure_timeout? number seconds until one that reads nothing is closed; 10
---@field slow_reader? "drop volatile"|"pause"|"close" what becomes of it meanwhile; "drop volatile"
---@field proxy_protocol? boolean every connection begins with a PROXY header; false
---@field max_packets_per_second? integer that a client may send; no limit
---@field max_connections_per_address? integer of one client address to a worker; no limit
---@field max_handshakes_per_address? integer per second of one client address; no limit
---@field max_bytes_per_second? integer of packets that a client may send; no limit
---@field trust_proxy? boolean|string|string[] who may say where a client is (X-Forwarded-*); false
---@field head_timeout? number seconds from a request's first byte to the end of its head; 10
---@field body_timeout? number seconds for a body, and to take something of an answer; 20
---@field keep_alive_timeout? number seconds between two requests on a connection; 5
---@field max_body? integer bytes of a request body of the application's; max_http_buffer_size
---@field tls? sio.TlsOptions HTTPS and WSS
---@field slow_handler? number|false seconds that a handler may run before it is logged; 0.2

---@class sio.ErrorContext
---@field what string whose code failed: "event handler", "middleware", "timer"
---@field event? string
---@field sid? string the socket's id, or the session's
---@field nsp? string the namespace's name

---@class sio.TlsOptions
---@field cert string the certificate and those that signed it: a PEM file, or its text
---@field key string the certificate's key, likewise
---@field passphrase? string of the key
---@field ca? string with request_cert: who must have signed a client's certificate; PEM likewise
---@field request_cert? boolean clients must show a certificate; false
---@field ciphers? string of TLS 1.2, in OpenSSL's words
---@field min_version? "1.2"|"1.3" "1.2"

---@alias sio.ListenAddress
---| integer port
---| string "3000", "host:3000", "[::1]:3000", "unix:/path", "fd:3"
---| { port?: integer, host?: string }
---| { unix: string, mode?: string } path and permissions ("660") of a Unix socket

---@alias sio.Balance
---| "least-connection"
---| "round-robin"
---| "random"
---| "ip-hash"
---| "forwarded-for"

---@class sio.Options : sio.EngineOptions
---@field path? string "/socket.io"
---@field connect_timeout? number seconds in which a client must join a namespace; 45
---@field connection_state_recovery? boolean|sio.RecoveryOptions false
---@field parser? "default"|"msgpack"|sio.Parser how packets travel; "default"
---@field cleanup_empty_child_namespaces? boolean children go with their last socket; true
---@field serve_client? boolean the browser client at <path>/socket.io.js; true

---@class sio.Packet
---@field type integer 0 CONNECT, 1 DISCONNECT, 2 EVENT, 3 ACK, 4 CONNECT_ERROR
---@field nsp string
---@field id? integer of the acknowledgement
---@field data? any EVENT, ACK: a list; CONNECT, CONNECT_ERROR: a table; sio.binary where bytes are

---@class sio.Parser
---@field encode? fun(packet: sio.Packet): string|sio.Binary|(string|sio.Binary)[] nil: an error
---@field decode? fun(message: string|sio.Binary): sio.Packet?, string? nil: an error
---@field decoder? fun(): fun(message: string|sio.Binary): sio.Packet?, string? nil: none

---@class sio.DeflateOptions
---@field threshold? integer bytes; shorter messages go as they are; 1024
---@field level? integer 1 (fast) to 9 (small); 6
---@field mem_level? integer 1 to 9; 8
---@field server_no_context_takeover? boolean each message stands alone; true
---@field client_no_context_takeover? boolean true
---@field server_max_window_bits? integer 8 to 15; 15
---@field client_max_window_bits? integer 8 to 15; 15

---@alias sio.RouteMethod fun(self: sio.Server, path: string, handler: sio.RouteHandler): sio.Server
---@alias sio.RouteHandler async fun(req: sio.Request): any, integer?, table?

---@class sio.Server : sio.Namespace
---@field get sio.RouteMethod
---@field post sio.RouteMethod
---@field put sio.RouteMethod
---@field patch sio.RouteMethod
---@field delete sio.RouteMethod
---@field head sio.RouteMethod
---@field options sio.RouteMethod
---@field all sio.RouteMethod

---@class sio.StaticOptions
---@field index? string|false file that is served for a folder; "index.html"
---@field max_age? number seconds that a client may keep a file without asking; 0
---@field immutable? boolean it need not even ask when the page is loaded again; false
---@field dotfiles? "ignore"|"allow"|"deny" names with a dot in front: 404, served, 403; "ignore"
---@field fallthrough? boolean what is missing here may be in the next folder; true

---@class sio.HealthOptions
---@field timeout? number seconds that the check may take; 1

---@class sio.CookieOptions
---@field name? string "io"
---@field path? string|false "/"
---@field http_only? boolean true
---@field same_site? "lax"|"strict"|"none"|false "lax"
---@field secure? boolean default: when the client's connection is encrypted
---@field domain? string
---@field max_age? integer seconds
---@field expires? integer seconds since 1970
---@field encode? fun(sid: string): string

---@alias sio.CorsRule string|boolean|{ pattern: string }|(string|{ pattern: string })[]
---@alias sio.OriginFunction async fun(origin: string?, req: sio.EngineRequest): sio.CorsRule?, any
---@alias sio.CorsFunction async fun(req: sio.EngineRequest): sio.CorsOptions?, any

---@class sio.CorsOptions
---@field origin? sio.CorsRule|sio.OriginFunction "*"
---@field methods? string|string[] "GET,HEAD,PUT,PATCH,POST,DELETE"
---@field allowed_headers? string|string[] default: what the browser asks for
---@field exposed_headers? string|string[]
---@field credentials? boolean false
---@field max_age? integer seconds that a browser may keep the answer to a preflight
---@field preflight_continue? boolean false
---@field options_success_status? integer 204
---@field strict_origin? boolean other origins get 403 for WebSockets and polls; true

---@class sio.CodingOptions
---@field threshold? integer bytes; shorter answers go as they are; 1024
---@field level? integer 1 (fast) to 9 (small), also brotli's quality; 6
---@field mem_level? integer 1 to 9; 8

---@class sio.SendOptions
---@field compress? boolean false: this message is not compressed

---@class sio.RecoveryOptions
---@field max_disconnection_duration? number seconds that a client may be away; 120
---@field max_missed_packets? integer who missed more begins anew; 10000
---@field max_missed_bytes? integer who missed more begins anew; 2 MiB
---@field skip_middlewares? boolean for recovered sockets; true

---@class sio.Handshake : sio.SessionHandshake
---@field auth table what the client sent with CONNECT; {} when nothing

---@class sio.SessionHandshake
---@field query table<string, string>
---@field headers table<string, string> of the first request, lower-case names
---@field address string of the client
---@field url string
---@field time string
---@field issued integer milliseconds since 1970
---@field secure boolean the client's connection was encrypted
---@field xdomain boolean the request had an Origin

---@class sio.Binary
---@operator len: integer
---@operator concat(string|sio.Binary): sio.Binary
local Binary = {}

--- A part of the bytes, without a copy; as string.sub.
---@param i? integer
---@param j? integer
---@return sio.Binary
function Binary:sub(i, j) end

--- As string.byte; at most 250 at once.
---@param i? integer
---@param j? integer
---@return integer ...
function Binary:byte(i, j) end

---@class sio.Timer
local Timer = {}

--- Stops it; whether it was still running.
---@return boolean
function Timer:cancel() end

---@class sio.Socket
local Socket = {}

--- Sends an event to this client. A function at the end is called with the answer. Raises for what
--- cannot be encoded; nil and why when a limit is reached. After the disconnect nothing happens,
--- unless connection state recovery is on: then the client gets it when it comes back.
--- "pressure" stands beside true while too much waits for the client, until the event "drain" of
--- socket.conn.
---@param event string
---@param ... any
---@return true?, string?
function Socket:emit(event, ...) end

--- Sends an event and waits for the answer: its first argument, or sio.null when it has none.
---@async
---@param event string
---@param ... any
---@return any answer, "disconnected"? err
function Socket:emit_with_ack(event, ...) end

--- Joins a room or several.
---@param rooms string|string[]
---@return true?, string? err the limit of rooms, or closed
function Socket:join(rooms) end

---@param rooms string|string[]
---@return true?, string?
function Socket:leave(rooms) end

---@class sio.Broadcast
local Broadcast = {}

--- Sends an event. Raises for what cannot be encoded; nil and why when a limit is reached. A
--- function at the end is called with err and the list of the clients' answers, see emit_with_ack.
---@param event string
---@param ... any
---@return true?, string?
function Broadcast:emit(event, ...) end

---@class sio.Namespace
local Namespace = {}

--- Sends an event to everybody in the namespace, on all workers. A function at the end is called
--- with err and the list of the clients' answers, see Broadcast:emit_with_ack.
---@param event string
---@param ... any
---@return true?, string?
function Namespace:emit(event, ...) end

--- nil and why when the value cannot be encoded.
---@param value any
---@return string?, string?
function sio.json.encode(value) end

--- nil and why when the text is no JSON. null is sio.null.
---@param text string
---@return any, string?
function sio.json.decode(text) end
