// SPDX-License-Identifier: MIT
/* The hooks of the tests of engine/gate and engine/hooks: they note that they were asked and do
 * what they were told. Include it behind eio.h. */
#ifndef SPEC_C_EIO_HOOKS_H
#define SPEC_C_EIO_HOOKS_H

#include "engine/gate.h"

enum { PASS, WAIT_FOR_IT, FORBID, CLOSE_SERVER };

static struct {
    int middlewares, allow, id; /* what is done there */
    const char *chosen;         /* id */
    struct eio_gate *gate;      /* the newest that waits */
    struct sio_buf log;         /* "middlewares;allow;id;left;refused 3 name=...;" */
    unsigned waiting, left;
    bool end_session, close_server; /* by "headers" */
} hooks;

static inline void forbid(struct eio_gate *g)
{
    eio_gate_refuse(g, &(struct eio_refused){.code = EIO_FORBIDDEN, .reason = SIO_LIT("a \"no\"")});
}

static inline void decide(struct eio_gate *g, int what, bool id)
{
    switch (what) {
    case PASS:
        if (id)
            CHECK_EQ_INT(eio_gate_set_id(g, sio_slice_str(hooks.chosen)), 0);
        else
            eio_gate_pass(g);
        break;
    case WAIT_FOR_IT:
        hooks.gate = g;
        hooks.waiting++;
        break;
    case FORBID:
        forbid(g);
        break;
    case CLOSE_SERVER:
        eio_server_close(eio.server, eio_set_flag, &eio.engine_closed);
        break;
    }
}

static inline void on_stage(void *owner, struct eio_gate *g, enum eio_stage stage)
{
    CHECK(owner == &hooks);
    if (stage == EIO_AT_MIDDLEWARES) {
        sio_buf_printf(&hooks.log, "middlewares;");
        decide(g, hooks.middlewares, false);
    } else if (stage == EIO_AT_ALLOW) {
        sio_buf_printf(&hooks.log, "allow;");
        decide(g, hooks.allow, false);
    } else {
        CHECK_EQ_INT(stage, EIO_AT_ID);
        sio_buf_printf(&hooks.log, "id;");
        decide(g, hooks.id, true);
    }
}

static inline void on_left(void *owner, struct eio_gate *g)
{
    CHECK(owner == &hooks);
    hooks.left++;
    if (hooks.gate == g)
        hooks.gate = NULL;
}

static inline void on_refused(void *owner, struct sio_http_conn *c,
                              const struct sio_http_request *r, struct eio_gate *g,
                              const struct eio_refused *why)
{
    CHECK(owner == &hooks && c != NULL && r->method.len > 0);
    CHECK(g == NULL || eio_gate_request(g) == r);
    sio_buf_printf(&hooks.log, "refused %d", (int)why->code);
    for (unsigned i = 0; i < why->n_context; i++)
        sio_buf_printf(&hooks.log, " %s=%.*s", why->context[i].name, (int)why->context[i].value.len,
                       why->context[i].value.p);
    sio_buf_printf(&hooks.log, ";");
}

static inline void on_headers(void *owner, struct sio_http_conn *c,
                              const struct sio_http_request *r, struct eio_gate *g,
                              struct sio_slice sid)
{
    CHECK(owner == &hooks && r->path.len > 0);
    (void)g;
    CHECK_EQ_INT(sio_http_add_field(c, SIO_LIT("X-Hook"), sid.p ? sid : SIO_LIT("known")), 0);
    sio_buf_printf(&hooks.log, "%s;", sid.p ? "initial_headers" : "headers");
    if (hooks.end_session && sid.p == NULL)
        eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
    if (hooks.close_server && sid.p == NULL)
        decide(g, CLOSE_SERVER, false);
}

static inline void on_begin(void *owner, struct eio_gate *g, struct eio_session *s)
{
    CHECK(owner == &hooks && eio_gate_request(g) != NULL);
    sio_buf_printf(&hooks.log, "begin %s;", eio_session_transport(s));
}

static const struct eio_hooks table = {on_stage, on_left, on_refused, on_headers, on_begin};

static inline void start(unsigned wants)
{
    memset(&hooks, 0, sizeof hooks);
    eio_open();
    eio_hooks_set(eio.server, &table, &hooks);
    eio_hooks_want(eio.server, wants);
}

static inline void start_default(unsigned wants)
{
    eio_prepare();
    start(wants);
}

static inline void end(void)
{
    eio_close();
    sio_buf_fini(&hooks.log);
}

#define CHECK_HOOKS(text) CHECK_EQ_SLICE(sio_buf_slice(&hooks.log), sio_slice_str(text))

static inline void session_opened(struct peer *p, char sid[EIO_SID_MAX + 1])
{
    struct reply r = {0};
    reply_take(p, &r);
    CHECK_EQ_INT(r.status, 200);
    snprintf(sid, EIO_SID_MAX + 1, "%s", eio_session_sid(eio.session));
    CHECK(memmem(r.body.p, r.body.len, sid, strlen(sid)) != NULL);
    sio_buf_fini(&r.body);
}

static inline void open_session(struct peer *p, char sid[EIO_SID_MAX + 1])
{
    client_get(p, "");
    session_opened(p, sid);
}

static inline void forget(void)
{
    sio_buf_clear(&hooks.log);
}

#endif
