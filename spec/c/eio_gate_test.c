// SPDX-License-Identifier: MIT
/* engine/gate: who is asked when, decisions that come late, and everything that may happen
 * meanwhile. */
#include "test.h"

#include "eio.h"
#include "eio_hooks.h"

/* ---- order ----------------------------------------------------------------------------------- */

TEST(without_wishes_nobody_is_asked)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(0);
    client_open(&p);
    open_session(&p, sid);
    client_request(&p, "GET", "/engine.io/?EIO=4", "", NULL);
    EXPECT(&p, 400, "{\"code\":0,\"message\":\"Transport unknown\"}");
    CHECK_HOOKS("");
    CHECK_EQ_INT(hooks.left, 0);
    peer_fini(&p);
    end();
}

TEST(hooks_are_asked_in_upstreams_order)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_GATE | EIO_WANT_REFUSALS | EIO_WANT_HEADERS);
    hooks.chosen = "chosen";
    client_open(&p);
    open_session(&p, sid);
    CHECK_EQ_STR(sid, "chosen");
    CHECK_HOOKS("middlewares;allow;id;initial_headers;begin polling;");
    CHECK_EQ_INT(hooks.left, 1);
    forget();
    client_post(&p, sid, "4hi");
    EXPECT(&p, 200, "ok");
    CHECK_HOOKS("middlewares;headers;");
    forget();
    client_request(&p, "GET", "/engine.io/?EIO=5&transport=polling", "", NULL);
    EXPECT(&p, 400, "{\"code\":5,\"message\":\"Unsupported protocol version\"}");
    CHECK_HOOKS("middlewares;allow;refused 5 protocol=5;");
    CHECK_EQ_INT(hooks.left, 3);
    peer_fini(&p);
    end();
}

/* ---- decisions ------------------------------------------------------------------------------- */

TEST(a_refused_poll_is_answered_in_json)
{
    struct peer p;
    start_default(EIO_WANT_ALLOW | EIO_WANT_REFUSALS);
    hooks.allow = FORBID;
    client_open(&p);
    client_get(&p, "");
    EXPECT(&p, 403, "{\"code\":4,\"message\":\"a \\\"no\\\"\"}");
    CHECK_HOOKS("allow;refused 4;");
    CHECK_EQ_INT(hooks.left, 1);
    CHECK_EQ_INT(eio_server_count(eio.server), 0);
    peer_fini(&p);
    end();
}

TEST(only_middlewares_see_the_requests_of_sessions)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_ALLOW);
    client_open(&p);
    open_session(&p, sid);
    client_post(&p, sid, "4hi");
    EXPECT(&p, 200, "ok");
    CHECK_HOOKS("allow;begin polling;");
    CHECK_EQ_INT(hooks.left, 1); /* no gate for the post */
    peer_fini(&p);
    end();
}

TEST(no_spelling_of_a_sid_goes_around_the_hooks)
{
    static const char *const sids[] = {"", "%", "%00", "+", "%2", "&sid=", "&sid=x"};
    for (size_t i = 0; i < sizeof sids / sizeof *sids; i++) {
        struct peer p;
        struct reply r = {0};
        char target[100];
        start_default(EIO_WANT_ALLOW);
        hooks.allow = FORBID;
        snprintf(target, sizeof target, "/engine.io/?EIO=4&transport=polling&sid=%s", sids[i]);
        client_open(&p);
        client_request(&p, "GET", target, "", NULL);
        reply_take(&p, &r);
        CHECK(r.status == 403 || r.status == 400);
        CHECK_EQ_INT(eio_server_count(eio.server), 0);
        sio_buf_fini(&r.body);
        peer_fini(&p);
        end();
    }
}

TEST(a_refused_upgrade_is_answered_before_the_101)
{
    struct peer p;
    struct reply r = {0};
    start_default(EIO_WANT_ALLOW);
    hooks.allow = FORBID;
    client_open(&p);
    client_upgrade(&p, "");
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 403);
    CHECK_SLICE(sio_buf_slice(&r.body), "a \"no\"");
    CHECK(strstr(r.head, "text/plain") != NULL);
    WAIT(p.ended);
    sio_buf_fini(&r.body);
    peer_fini(&p);
    end();
}

static bool waits(int n)
{
    CHECK_EQ_INT(eio.waiting, n);
    return eio_server_waiting(eio.server) == (size_t)n;
}

/* Only handshakes are going to be sessions. */
TEST(handshakes_that_wait_are_counted)
{
    struct peer p, q;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_MIDDLEWARES | EIO_WANT_ALLOW);
    client_open(&p);
    open_session(&p, sid);
    CHECK(waits(0));
    hooks.middlewares = WAIT_FOR_IT;
    client_get(&p, sid);
    WAIT(hooks.waiting == 1);
    CHECK(waits(0));
    hooks.middlewares = PASS;
    hooks.allow = WAIT_FOR_IT;
    client_open(&q);
    client_get(&q, "");
    WAIT(hooks.waiting == 2);
    CHECK(waits(1));
    CHECK_EQ_INT(eio_server_count(eio.server), 1);
    eio_gate_pass(hooks.gate);
    CHECK(waits(0));
    CHECK_EQ_INT(eio_server_count(eio.server), 2);
    peer_fini(&q);
    client_open(&q);
    client_get(&q, "");
    WAIT(hooks.waiting == 3);
    peer_fini(&q); /* gone */
    WAIT(hooks.left > 0 && eio.waiting == 0);
    CHECK(waits(0));
    peer_fini(&p);
    end();
}

TEST(every_stage_may_wait)
{
    struct peer p;
    start_default(EIO_WANT_GATE);
    hooks.middlewares = hooks.allow = hooks.id = WAIT_FOR_IT;
    client_open(&p);
    client_get(&p, "");
    WAIT(hooks.waiting == 1);
    eio_gate_pass(hooks.gate);
    CHECK_EQ_INT(hooks.waiting, 2);
    net_turn();
    eio_gate_pass(hooks.gate);
    CHECK_EQ_INT(hooks.waiting, 3);
    net_turn();
    CHECK_EQ_INT(p.got.len, 0);
    CHECK_EQ_INT(eio_gate_set_id(hooks.gate, SIO_LIT("late")), 0);
    WAIT(peer_has(&p, "0{\"sid\":\"late\""));
    CHECK_HOOKS("middlewares;allow;id;begin polling;");
    CHECK(hooks.gate == NULL);
    peer_fini(&p);
    end();
}

TEST(a_hook_can_answer_itself)
{
    struct peer p;
    start_default(EIO_WANT_MIDDLEWARES);
    hooks.middlewares = WAIT_FOR_IT;
    client_open(&p);
    client_get(&p, "");
    WAIT(hooks.gate != NULL);
    sio_http_add_field(eio_gate_conn(hooks.gate), SIO_LIT("X-Hook"), SIO_LIT("1"));
    CHECK_EQ_INT(eio_gate_respond(hooks.gate, &(struct sio_http_response){.status = 204}), 0);
    WAIT(peer_has(&p, "204 No Content\r\nX-Hook: 1\r\n"));
    CHECK_EQ_INT(hooks.left, 1);
    peer_fini(&p);
    end();
}

/* ---- ids ------------------------------------------------------------------------------------- */

static void expect_id(const char *id, int rc)
{
    struct peer p;
    char got[EIO_SID_MAX + 1];
    hooks.id = WAIT_FOR_IT;
    client_open(&p);
    client_get(&p, "");
    WAIT(hooks.gate != NULL);
    CHECK_EQ_INT(eio_gate_set_id(hooks.gate, sio_slice_str(id)), rc);
    if (rc != 0) {
        CHECK(hooks.gate != NULL);
        forbid(hooks.gate);
        WAIT(has_reply(&p));
    } else {
        session_opened(&p, got);
        CHECK_EQ_SLICE(sio_slice(got, strlen(id)), sio_slice_str(id));
    }
    peer_fini(&p);
    net_turn();
}

TEST(ids_are_checked)
{
    char id[EIO_SID_MAX + 2] = {0};
    start_default(EIO_WANT_ID);
    expect_id("x", 0);
    expect_id("x", SIO_EEXIST);
    expect_id("A-z.0_9~", 0);
    expect_id("", SIO_EINVAL);
    expect_id("a b", SIO_EINVAL);
    expect_id("a\"b", SIO_EINVAL);
    expect_id("a&sid=b", SIO_EINVAL);
    expect_id("\xc3\xa9", SIO_EINVAL);
    memset(id, 'x', EIO_SID_MAX);
    expect_id(id, 0);
    CHECK(eio_server_find(eio.server, sio_slice_str(id)) == eio.session);
    id[EIO_SID_MAX] = 'x';
    expect_id(id, SIO_EINVAL);
    end();
}

TEST(with_several_workers_an_id_ends_with_its_place)
{
    char id[EIO_SID_MAX + 1] = {0};
    struct sio_place where = {0};
    eio_prepare();
    eio.options.shared = true;
    eio.options.place = (struct sio_place){7, 4242};
    start(EIO_WANT_ID);
    expect_id("mine", 0);
    CHECK_EQ_INT(strlen(eio_session_sid(eio.session)), 4 + SIO_ID_PLACE_LEN);
    CHECK_EQ_INT(sio_id_suffix_place(sio_slice_str(eio_session_sid(eio.session)), &where), 0);
    CHECK(where.slot == 7 && where.generation == 4242);
    expect_id("mine", SIO_EEXIST);
    memset(id, 'x', EIO_SID_MAX - SIO_ID_PLACE_LEN + 1);
    expect_id(id, SIO_EINVAL);
    id[EIO_SID_MAX - SIO_ID_PLACE_LEN] = '\0';
    expect_id(id, 0);
    end();
}

/* ---- meanwhile ------------------------------------------------------------------------------- */

TEST(a_client_may_leave_while_it_waits)
{
    struct peer p;
    start_default(EIO_WANT_ALLOW);
    hooks.allow = WAIT_FOR_IT;
    client_open(&p);
    client_get(&p, "");
    WAIT(hooks.gate != NULL);
    peer_fini(&p);
    WAIT(hooks.left == 1);
    CHECK(hooks.gate == NULL);
    CHECK_EQ_INT(eio_server_count(eio.server), 0);
    CHECK_LOG("");
    end();
}

TEST(a_session_may_end_while_its_request_waits)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_MIDDLEWARES);
    client_open(&p);
    open_session(&p, sid);
    hooks.middlewares = WAIT_FOR_IT;
    client_get(&p, sid);
    WAIT(hooks.gate != NULL);
    eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
    net_turn();
    eio_gate_pass(hooks.gate);
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    peer_fini(&p);
    end();
}

TEST(a_session_may_end_in_a_hook)
{
    struct peer p, w;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_HEADERS);
    hooks.end_session = true;
    for (int i = 0; i < 2; i++) {
        client_open(&p);
        open_session(&p, sid);
        if (i == 0)
            client_get(&p, sid);
        else
            client_post(&p, sid, "4hi");
        EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
        peer_fini(&p);
    }
    client_open(&p);
    open_session(&p, sid);
    client_open(&w);
    client_upgrade(&w, sid);
    EXPECT(&w, 400, "Session ID unknown");
    peer_fini(&p);
    peer_fini(&w);
    end();
}

TEST(a_body_waits_with_its_request)
{
    struct peer p;
    char sid[EIO_SID_MAX + 1];
    start_default(EIO_WANT_MIDDLEWARES);
    client_open(&p);
    open_session(&p, sid);
    hooks.middlewares = WAIT_FOR_IT;
    client_post(&p, sid, "4body");
    WAIT(hooks.gate != NULL);
    net_turn();
    CHECK_EQ_INT(eio.messages, 0);
    eio_gate_pass(hooks.gate);
    EXPECT(&p, 200, "ok");
    CHECK_LOG("open message:body ");
    peer_fini(&p);
    end();
}

TEST(frames_that_come_early_are_read_after_the_101)
{
    struct peer p;
    start_default(EIO_WANT_ALLOW);
    hooks.allow = WAIT_FOR_IT;
    client_open(&p);
    client_upgrade(&p, "");
    WAIT(hooks.gate != NULL);
    client_frame(&p, 1, "4early");
    net_turn();
    client_frame(&p, 1, "4bird");
    net_turn();
    CHECK_EQ_INT(eio.messages, 0);
    eio_gate_pass(hooks.gate);
    WAIT(eio.messages == 2);
    CHECK_LOG("open message:early message:bird ");
    CHECK(peer_has(&p, "101 Switching Protocols"));
    peer_fini(&p);
    end();
}

TEST(a_server_that_closes_answers_who_waits)
{
    struct peer p, w;
    start_default(EIO_WANT_ALLOW);
    hooks.allow = WAIT_FOR_IT;
    client_open(&p);
    client_get(&p, "");
    client_open(&w);
    client_upgrade(&w, "");
    WAIT(hooks.waiting == 2);
    eio_close_engine();
    EXPECT(&p, 503, "");
    EXPECT(&w, 503, "");
    CHECK_EQ_INT(hooks.left, 2);
    peer_fini(&p);
    peer_fini(&w);
    end();
}

TEST(a_hook_may_close_the_server)
{
    struct peer p;
    for (int stage = 0; stage < 3; stage++) {
        start_default(EIO_WANT_GATE);
        hooks.middlewares = stage == 0 ? CLOSE_SERVER : PASS;
        hooks.allow = stage == 1 ? CLOSE_SERVER : PASS;
        hooks.id = stage == 2 ? CLOSE_SERVER : PASS;
        client_open(&p);
        client_get(&p, "");
        EXPECT(&p, 503, "");
        WAIT(eio.engine_closed);
        CHECK_EQ_INT(hooks.left, 1);
        peer_fini(&p);
        end();
    }
}

TEST(a_limited_number_of_requests_waits)
{
    struct peer p[3];
    eio_prepare();
    eio.options.max_held = 2;
    start(EIO_WANT_ALLOW);
    hooks.allow = WAIT_FOR_IT;
    for (int i = 0; i < 3; i++) {
        client_open(&p[i]);
        client_get(&p[i], "");
    }
    EXPECT(&p[2], 503, "");
    CHECK_EQ_INT(hooks.waiting, 2);
    peer_fini(&p[0]);
    WAIT(hooks.left == 1);
    peer_fini(&p[2]);
    client_open(&p[2]);
    client_get(&p[2], "");
    WAIT(hooks.waiting == 3);
    for (int i = 1; i < 3; i++)
        peer_fini(&p[i]);
    end();
}
