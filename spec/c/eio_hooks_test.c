// SPDX-License-Identifier: MIT
/* engine/hooks: what is told of refusals, fields for answers; and the initial packet. */
#include "test.h"

#include "eio.h"
#include "eio_hooks.h"

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct {
    const char *method, *query, *more, *log;
} refused[] = {
    {"GET", "EIO=4&transport=tcp", "", "refused 0 transport=tcp;"},
    {"GET", "EIO=4&transport=polling&sid=x", "", "refused 1 sid=x;"},
    {"PUT", "EIO=4&transport=polling", "", "refused 2 method=PUT;"},
    {"GET", "EIO=4&transport=websocket", "", "refused 3 name=TRANSPORT_HANDSHAKE_ERROR;"},
    {"GET", "EIO=4&transport=websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\n",
     "refused 3 name=TRANSPORT_HANDSHAKE_ERROR error=Missing or invalid Sec-WebSocket-Key header;"},
    {"GET", "EIO=4&transport=websocket&sid=known", "",
     "refused 3 name=TRANSPORT_MISMATCH transport=websocket previousTransport=polling;"},
    {"GET", "EIO=3&transport=polling&sid=known", "",
     "refused 3 name=PROTOCOL_MISMATCH protocol=3 previousProtocol=4;"},
    {"GET", "transport=polling", "", "refused 5 protocol=;"},
};

TEST(a_refusal_is_told_with_its_context)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_REFUSALS | EIO_WANT_ID | EIO_WANT_HEADERS);
    hooks.chosen = "known";
    client_open(&p);
    open_session(&p, sid);
    hooks.chosen = "other";
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct peer q;
        char target[128];
        snprintf(target, sizeof target, "/engine.io/?%s", refused[i].query);
        client_open(&q);
        forget();
        client_request(&q, refused[i].method, target, refused[i].more, NULL);
        WAIT(has_reply(&q));
        CHECK(sio_buf_slice(&hooks.log).len >= strlen(refused[i].log));
        CHECK(memmem(hooks.log.p, hooks.log.len, refused[i].log, strlen(refused[i].log)) != NULL);
        CHECK(memmem(hooks.log.p, hooks.log.len, "headers", 7) == NULL);
        peer_fini(&q);
    }
    peer_fini(&p);
    end();
}

/* ---- headers --------------------------------------------------------------------------------- */

TEST(headers_are_on_polling_answers_and_on_the_101)
{
    struct peer p, w;
    char sid[EIO_SID_MAX + 1];
    struct reply r = {0};
    start_default(EIO_WANT_HEADERS);
    client_open(&p);
    client_get(&p, "");
    reply_take(&p, &r);
    CHECK(strstr(r.head, eio_session_sid(eio.session)) != NULL);
    snprintf(sid, sizeof sid, "%s", eio_session_sid(eio.session));
    client_post(&p, sid, "4hi");
    reply_take(&p, &r);
    CHECK(strstr(r.head, "X-Hook: known\r\n") != NULL);
    client_open(&w);
    client_upgrade(&w, sid);
    WAIT(peer_has(&w, "101 Switching Protocols\r\n"));
    CHECK(peer_has(&w, "X-Hook: known\r\n"));
    CHECK_HOOKS("initial_headers;headers;headers;");
    sio_buf_fini(&r.body);
    peer_fini(&p);
    peer_fini(&w);
    end();
}

TEST(headers_are_not_on_errors)
{
    struct peer p, q;
    char sid[EIO_SID_MAX + 1], long_body[] = "Content-Length: 1000001\r\n";
    struct reply r = {0};
    start_default(EIO_WANT_HEADERS);
    client_open(&p);
    open_session(&p, sid);
    forget();
    client_open(&q);
    client_request(&q, "POST", client_target("polling", sid), long_body, NULL);
    reply_take(&q, &r);
    CHECK_EQ_INT(r.status, 413);
    peer_fini(&q);
    client_get(&p, sid);
    WAIT(hooks.log.len > 0);
    forget();
    client_open(&q);
    client_get(&q, sid); /* overlap */
    reply_take(&q, &r);
    CHECK_EQ_INT(r.status, 400);
    CHECK_HOOKS("");
    sio_buf_fini(&r.body);
    peer_fini(&p);
    peer_fini(&q);
    end();
}

/* The gate has left by then: who hears of a refusal would keep it for ever. */
TEST(a_server_that_headers_close_tells_no_refusal)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_HEADERS | EIO_WANT_MIDDLEWARES | EIO_WANT_REFUSALS);
    client_open(&p);
    open_session(&p, sid);
    forget();
    hooks.close_server = true;
    client_get(&p, sid);
    EXPECT(&p, 503, "");
    CHECK_EQ_INT(hooks.left, 2);
    CHECK_HOOKS("middlewares;headers;");
    peer_fini(&p);
    end();
}

TEST(initial_headers_can_be_wanted_alone)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_INITIAL_HEADERS);
    client_open(&p);
    open_session(&p, sid);
    client_post(&p, sid, "4hi");
    EXPECT(&p, 200, "ok");
    CHECK_HOOKS("initial_headers;");
    peer_fini(&p);
    end();
}

/* ---- the initial packet ---------------------------------------------------------------------- */

TEST(an_initial_packet_follows_the_open_packet)
{
    struct peer p, w;
    struct sio_slice text = SIO_LIT("welcome");
    struct eio_msg m = eio_msg_text(EIO_MESSAGE, &text, 1);
    start_default(0);
    eio_server_set_initial(eio.server, &m);
    sio_blob_unref(m.frame);
    client_open(&p);
    client_get(&p, "");
    WAIT(peer_has(&p, "\"maxPayload\":1000000}\x1e"
                      "4welcome"));
    client_open(&w);
    client_websocket(&w, "");
    WAIT(peer_has(&w, "\x81\x08"
                      "4welcome"));
    peer_fini(&p);
    peer_fini(&w);
    end();
}
