// SPDX-License-Identifier: MIT
/* The options about proxies in front of us (lua/sio/options/proxy.lua), and the check of a network
 * that stands behind them.
 */
#include "bind/options.h"

#include "base/err.h"

static void add_trusted(lua_State *L, struct sio_trust *t)
{
    struct sio_slice word = {NULL, 0};
    word.p = luaL_checklstring(L, -1, &word.len);
    int rc = sio_trust_add(t, word);
    if (rc == SIO_EFULL)
        sio_bind_error(L, "option 'trust_proxy': more than %d networks", SIO_TRUST_NETS_MAX);
    if (rc != 0)
        sio_bind_error(L, "option 'trust_proxy': no network: \"%s\"", word.p);
}

void sio_options_read_proxy(lua_State *L, struct sio_app_options *o)
{
    int type = lua_getfield(L, 1, "trust_proxy");
    o->trust.everybody = type == LUA_TBOOLEAN && lua_toboolean(L, -1);
    if (type == LUA_TTABLE) {
        for (int i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1))
            add_trusted(L, &o->trust);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    sio_option_bool(L, "proxy_protocol", &o->proxy_protocol);
}

/* is_network(text): whether it is an address or "address/bits" */
static int lproxy_is_network(lua_State *L)
{
    struct sio_slice text = {NULL, 0};
    struct sio_ip_net net;
    text.p = luaL_checklstring(L, 1, &text.len);
    lua_pushboolean(L, sio_ip_net_parse(text, &net) == 0);
    return 1;
}

void lproxy_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"is_network", lproxy_is_network}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
