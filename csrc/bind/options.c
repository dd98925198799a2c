// SPDX-License-Identifier: MIT
/* The options table -> struct sio_app_options. lua/sio/options.lua has checked it; here it is only
 * converted.
 */
#include "bind/options.h"

void sio_option_ms(lua_State *L, const char *name, uint64_t *out)
{
    if (lua_getfield(L, 1, name) == LUA_TNUMBER)
        *out = (uint64_t)(lua_tonumber(L, -1) * 1000 + 0.5);
    lua_pop(L, 1);
}

void sio_option_size(lua_State *L, const char *name, size_t *out)
{
    if (lua_getfield(L, 1, name) == LUA_TNUMBER)
        *out = (size_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
}

void sio_option_rate(lua_State *L, const char *name, uint32_t *out)
{
    size_t value = *out;
    sio_option_size(L, name, &value);
    *out = (uint32_t)value;
}

void sio_option_bool(lua_State *L, const char *name, bool *out)
{
    if (lua_getfield(L, 1, name) == LUA_TBOOLEAN)
        *out = lua_toboolean(L, -1);
    lua_pop(L, 1);
}

/* With a slash at its end, or without any when add_trailing_slash is false. */
static void read_path(lua_State *L, struct eio_options *o)
{
    size_t len = 0;
    const char *path;
    bool slash = true;
    sio_option_bool(L, "add_trailing_slash", &slash);
    lua_getfield(L, 1, "path");
    path = luaL_checklstring(L, -1, &len);
    if (len + 2 > sizeof o->path)
        sio_bind_error(L, "option 'path' is longer than %d bytes", (int)sizeof o->path - 2);
    if (len > 0 && path[len - 1] == '/')
        len--;
    memcpy(o->path, path, len);
    memcpy(o->path + len, slash ? "/" : "", slash ? 2 : 1);
    lua_pop(L, 1);
}

static void read_transports(lua_State *L, struct eio_options *o)
{
    if (lua_getfield(L, 1, "transports") == LUA_TTABLE) {
        o->transports = 0;
        for (int i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++, lua_pop(L, 1))
            o->transports |= lua_tostring(L, -1)[0] == 'p' ? EIO_POLLING : EIO_WEBSOCKET;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_balance(lua_State *L, enum sio_balance *out)
{
    struct sio_slice name;
    if (lua_getfield(L, 1, "balance") == LUA_TSTRING) {
        name.p = lua_tolstring(L, -1, &name.len);
        if (sio_balance_parse(name, out) != 0)
            sio_bind_error(L, "option 'balance': unknown method \"%s\"", name.p);
    }
    lua_pop(L, 1);
}

static void read_slow_reader(lua_State *L, enum eio_slow_reader *out)
{
    static const char *const names[] = {[EIO_SLOW_DROP_VOLATILE] = "drop volatile",
                                        [EIO_SLOW_PAUSE] = "pause",
                                        [EIO_SLOW_CLOSE] = "close"};
    if (lua_getfield(L, 1, "slow_reader") == LUA_TSTRING)
        for (int i = EIO_SLOW_DROP_VOLATILE; i <= EIO_SLOW_CLOSE; i++)
            if (strcmp(lua_tostring(L, -1), names[i]) == 0)
                *out = (enum eio_slow_reader)i;
    lua_pop(L, 1);
}

static void read_destroy_upgrade(lua_State *L, struct sio_app_options *o)
{
    bool destroy = true;
    o->destroy_upgrade_timeout_ms = 1000;
    sio_option_ms(L, "destroy_upgrade_timeout", &o->destroy_upgrade_timeout_ms);
    sio_option_bool(L, "destroy_upgrade", &destroy);
    if (!destroy)
        o->destroy_upgrade_timeout_ms = 0;
}

static void read_cleanup(lua_State *L, struct sio_server_options *o)
{
    bool cleanup = true;
    sio_option_bool(L, "cleanup_empty_child_namespaces", &cleanup);
    o->keep_children = !cleanup;
}

void sio_options_read(lua_State *L, struct sio_app_options *o)
{
    eio_options_default(&o->engine);
    sio_server_options_default(&o->sio);
    sio_http_limits_default(&o->http);
    o->balance = SIO_LEAST_CONNECTION;
    read_path(L, &o->engine);
    sio_option_ms(L, "ping_interval", &o->engine.ping_interval_ms);
    sio_option_ms(L, "ping_timeout", &o->engine.ping_timeout_ms);
    sio_option_ms(L, "upgrade_timeout", &o->engine.upgrade_timeout_ms);
    sio_option_ms(L, "message_timeout", &o->engine.message_timeout_ms);
    sio_option_size(L, "max_http_buffer_size", &o->engine.max_http_buffer_size);
    read_transports(L, &o->engine);
    sio_option_bool(L, "allow_upgrades", &o->engine.allow_upgrades);
    sio_option_bool(L, "allow_eio3", &o->engine.allow_eio3);
    sio_options_read_compression(L, &o->engine);
    sio_option_ms(L, "connect_timeout", &o->sio.connect_timeout_ms);
    sio_option_bool(L, "recovery", &o->sio.recovery);
    sio_option_ms(L, "max_disconnection_duration", &o->sio.max_disconnection_ms);
    sio_option_bool(L, "skip_middlewares", &o->sio.skip_middlewares);
    sio_option_rate(L, "max_missed_packets", &o->sio.max_missed_packets);
    sio_option_size(L, "max_missed_bytes", &o->sio.max_missed_bytes);
    sio_options_read_parser(L, &o->sio);
    read_cleanup(L, &o->sio);
    sio_option_size(L, "max_connections", &o->http.max_connections);
    sio_option_ms(L, "head_timeout", &o->http.head_timeout_ms);
    sio_option_ms(L, "body_timeout", &o->http.body_timeout_ms);
    sio_option_ms(L, "keep_alive_timeout", &o->http.keep_alive_timeout_ms);
    read_balance(L, &o->balance);
    sio_option_size(L, "max_buffered", &o->engine.max_buffered);
    sio_option_size(L, "high_water", &o->engine.high_water);
    sio_option_ms(L, "pressure_timeout", &o->engine.pressure_timeout_ms);
    read_slow_reader(L, &o->engine.slow_reader);
    sio_option_rate(L, "max_packets_per_second", &o->engine.max_packets_per_second);
    sio_option_rate(L, "max_bytes_per_second", &o->engine.max_bytes_per_second);
    sio_option_rate(L, "max_connections_per_address", &o->max_connections_per_address);
    sio_option_rate(L, "max_handshakes_per_address", &o->max_handshakes_per_address);
    sio_options_read_proxy(L, o);
    read_destroy_upgrade(L, o);
    sio_option_bool(L, "engine_only", &o->engine_only);
    o->sio.max_attachment_bytes = o->engine.max_http_buffer_size;
}
