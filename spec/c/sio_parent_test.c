// SPDX-License-Identifier: MIT
/* Parents, children and lookups: names that nobody has made, who may, and when children go. */
#include "test.h"

#include "codec/sio_packet.h"
#include "sio/lookup.h"
#include "sio/parent.h"
#include "sio/server_in.h"
#include "sio_client.h"

static struct {
    struct sio_nsp *parent;
    struct sio_lookup *waiting[8]; /* when `hold` */
    unsigned n;
    bool hold;
} asked;

static void on_unknown_nsp(void *owner, struct sio_lookup *l, struct sio_slice name,
                           struct sio_slice auth)
{
    struct fake_worker *w = owner;
    struct sio_nsp *parent;
    if (w->number == 0) {
        parent = asked.parent;
    } else { /* the other worker's, by the same order */
        parent = sio_map_get(&w->server->parents, SIO_LIT("_0"));
    }
    sio_buf_printf(&sio.log, "unknown %.*s %.*s|", (int)name.len, name.p, (int)auth.len, auth.p);
    if (asked.hold)
        asked.waiting[asked.n++] = l;
    else if (sio_slice_starts(name, SIO_LIT("/game-")))
        sio_lookup_pass(l, sio_parent_child(parent, name));
    else
        sio_lookup_refuse(l, SIO_LIT("{\"message\":\"no\"}"));
}

static void on_lookup_left(void *owner, struct sio_lookup *l)
{
    (void)owner;
    for (unsigned i = 0; i < asked.n; i++)
        if (asked.waiting[i] == l)
            asked.waiting[i] = NULL;
    sio_buf_printf(&sio.log, "left|");
}

static void on_nsp_gone(void *owner, struct sio_nsp *n)
{
    (void)owner;
    struct sio_slice name = sio_nsp_name(n);
    sio_buf_printf(&sio.log, "gone %.*s|", (int)name.len, name.p);
}

/* Both workers with a parent. */
static void begin_parents(bool recovery)
{
    fake_prepare();
    memset(&asked, 0, sizeof asked);
    memset(&client, 0, sizeof client);
    sio.options.recovery = recovery;
    fake_events.on_unknown_nsp = on_unknown_nsp;
    fake_events.on_lookup_left = on_lookup_left;
    fake_events.on_nsp_gone = on_nsp_gone;
    fake_open();
    asked.parent = sio_parent_new(sio.worker[0].server);
    sio_parent_new(sio.worker[1].server);
}

/* What is in the maps of worker 0 is what was there at first: "/" and the parent. */
static void check_flat(void)
{
    fake_tick();
    CHECK_EQ_INT(sio.worker[0].server->nsps.count, 1);
    CHECK_EQ_INT(sio.worker[0].server->parents.count, 1);
    CHECK(sio_list_empty(&asked.parent->children));
    CHECK(sio_list_empty(&sio.worker[0].server->idle));
}

static struct sio_nsp *find(unsigned worker, const char *name)
{
    return sio_server_find_nsp(sio.worker[worker].server, sio_slice_str(name));
}

static void note_ids(struct sio_slice connect_packet)
{
    take_member(client.sid, connect_packet, "\"sid\":\"");
    take_member(client.pid, connect_packet, "\"pid\":\"");
}

/* ---- lookups -------------------------------------------------------------------------------- */

TEST(unknown_name_is_looked_up)
{
    begin_parents(false);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,{\"a\":1}");
    CHECK_LOG("unknown /game-1 {\"a\":1}|left|connecting /game-1 {\"a\":1}|connection /game-1|");
    CHECK(sio_parent_of(sio_socket_nsp(sio.socket)) == asked.parent);
    say(e, "0/nope,");
    CHECK_LOG("unknown /nope {}|left|");
    CHECK_SLICE(last_sent(e), "44/nope,{\"message\":\"no\"}");
    struct eio_session *f = fake_session(0);
    say(f, "0/game-1,");
    CHECK_LOG("connecting /game-1 {}|connection /game-1|");
    fake_drop_session(e);
    fake_drop_session(f);
    check_flat();
    fake_close();
}

TEST(names_have_a_limit)
{
    begin_parents(false);
    struct eio_session *e = fake_session(0);
    char text[SIO_NSP_NAME_MAX + 8];
    memset(text, 'x', sizeof text);
    memcpy(text, "0/", 2);
    text[1 + SIO_NSP_NAME_MAX] = '\0';
    say(e, text);
    CHECK(sio_slice_starts(sio_buf_slice(&sio.log), SIO_LIT("unknown /xxx")));
    sio_buf_clear(&sio.log);
    say(e, "0/_0,"); /* a name like a parent's in the core is a name like others */
    CHECK_LOG("unknown /_0 {}|left|");
    text[1 + SIO_NSP_NAME_MAX] = 'x';
    text[1 + SIO_NSP_NAME_MAX + 1] = '\0';
    say(e, text);
    CHECK_LOG("");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    fake_drop_session(e);
    fake_close();
}

TEST(client_waits_for_its_lookup)
{
    begin_parents(false);
    asked.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    say(e, "0/game-1,{\"again\":1}"); /* asks twice: once is enough */
    say(e, "0");
    say(e, "2[\"meanwhile\"]");
    CHECK_LOG("unknown /game-1 {}|connecting / {}|connection /|event [\"meanwhile\"]|");
    sio_lookup_pass(asked.waiting[0], sio_parent_child(asked.parent, SIO_LIT("/game-1")));
    CHECK_LOG("left|connecting /game-1 {}|connection /game-1|");
    fake_drop_session(e);
    check_flat();
    fake_close();
}

TEST(packets_for_a_name_that_is_looked_up_are_violations)
{
    begin_parents(false);
    asked.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    say(e, "2/game-1,[\"early\"]");
    CHECK_LOG("unknown /game-1 {}|left|");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    fake_drop_session(e);
    check_flat();
    fake_close();
}

TEST(client_that_leaves_ends_its_lookups)
{
    begin_parents(false);
    asked.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    say(e, "0/game-2,");
    fake_drop_session(e);
    CHECK_LOG("unknown /game-1 {}|unknown /game-2 {}|left|left|");
    CHECK(asked.waiting[0] == NULL && asked.waiting[1] == NULL);
    check_flat();
    fake_close();
}

TEST(two_clients_one_namespace)
{
    begin_parents(false);
    asked.hold = true;
    struct eio_session *e = fake_session(0), *f = fake_session(0);
    say(e, "0/game-1,");
    say(f, "0/game-1,");
    for (unsigned i = 0; i < 2; i++)
        sio_lookup_pass(asked.waiting[i], sio_parent_child(asked.parent, SIO_LIT("/game-1")));
    CHECK_EQ_INT(sio_nsp_count(find(0, "/game-1")), 2);
    fake_drop_session(e);
    fake_drop_session(f);
    check_flat();
    fake_close();
}

TEST(lookups_count_as_namespaces)
{
    begin_parents(false);
    asked.hold = true;
    sio.worker[0].server->options.nsps_per_client = 3;
    struct eio_session *e = fake_session(0);
    say(e, "0");
    say(e, "0/game-1,");
    say(e, "0/game-2,");
    CHECK_EQ_INT(e->n, 1);
    say(e, "0/game-3,");
    CHECK_SLICE(last_sent(e), "44/game-3,{\"message\":\"too many namespaces\"}");
    CHECK(sio.log_lines > 0);
    sio_lookup_refuse(asked.waiting[0], SIO_LIT("{\"message\":\"no\"}"));
    say(e, "0/game-3,");
    CHECK_EQ_INT(asked.n, 3);
    fake_drop_session(e);
    check_flat();
    fake_close();
}

TEST(closing_session_does_not_enter)
{
    begin_parents(false);
    asked.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    e->state = EIO_STATE_CLOSING;
    sio_buf_clear(&sio.log);
    struct sio_nsp *n = sio_parent_child(asked.parent, SIO_LIT("/game-1"));
    sio_parent_open(n);
    sio_lookup_pass(asked.waiting[0], n);
    CHECK_LOG("left|");
    fake_tick();
    CHECK_LOG("gone /game-1|");
    fake_drop_session(e);
    check_flat();
    fake_close();
}

/* ---- the life of a child -------------------------------------------------------------------- */

TEST(child_goes_with_its_last_socket)
{
    begin_parents(false);
    struct eio_session *e = fake_session(0), *f = fake_session(0);
    say(e, "0/game-1,");
    say(f, "0/game-1,");
    fake_drop_session(e);
    CHECK(find(0, "/game-1") != NULL);
    sio_buf_clear(&sio.log);
    say(f, "1/game-1,");
    fake_tick();
    CHECK_LOG("disconnecting client namespace disconnect|disconnect client namespace disconnect|"
              "gone /game-1|");
    say(f, "0/game-1,");
    CHECK_LOG("unknown /game-1 {}|left|connecting /game-1 {}|connection /game-1|");
    fake_drop_session(f);
    check_flat();
    fake_close();
}

TEST(child_is_looked_up_anew_in_the_tick_in_which_it_became_empty)
{
    begin_parents(false);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    struct sio_nsp *n = find(0, "/game-1");
    say(e, "1/game-1,");
    sio_buf_clear(&sio.log);
    say(e, "0/game-1,");
    CHECK_LOG("unknown /game-1 {}|left|connecting /game-1 {}|connection /game-1|");
    fake_tick();
    CHECK_LOG("");
    CHECK(find(0, "/game-1") == n);
    fake_drop_session(e);
    check_flat();
    fake_close();
}

TEST(child_waits_for_middlewares)
{
    begin_parents(false);
    sio.hold = true;
    struct eio_session *e = fake_session(0), *f = fake_session(0);
    say(e, "0/game-1,");
    struct sio_socket *one = sio.socket;
    say(f, "0/game-1,");
    struct sio_socket *two = sio.socket;
    sio_socket_refuse(one, SIO_LIT("{\"message\":\"no\"}"));
    fake_tick();
    CHECK(find(0, "/game-1") != NULL); /* the other one is still in the middlewares */
    sio_socket_accept(two);
    say(f, "1/game-1,");
    fake_tick();
    CHECK(find(0, "/game-1") == NULL);
    say(e, "0/game-1,");
    sio_socket_refuse(sio.socket, SIO_LIT("{\"message\":\"no\"}"));
    check_flat();
    fake_drop_session(e);
    fake_drop_session(f);
    fake_close();
}

TEST(children_stay_when_asked_to)
{
    begin_parents(false);
    sio.worker[0].server->options.keep_children = true;
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    say(e, "1/game-1,");
    sio_parent_child(asked.parent, SIO_LIT("/game-2")); /* nobody ever came */
    fake_tick();
    CHECK(find(0, "/game-1") != NULL);
    CHECK(find(0, "/game-2") == NULL);
    sio_buf_clear(&sio.log);
    say(e, "0/game-1,");
    CHECK_LOG("connecting /game-1 {}|connection /game-1|");
    fake_drop_session(e);
    fake_close();
}

TEST(opened_child_stays_until_it_was_used)
{
    begin_parents(false);
    sio_parent_open(sio_parent_child(asked.parent, SIO_LIT("/game-1")));
    fake_tick();
    CHECK(find(0, "/game-1") != NULL);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    CHECK_LOG("connecting /game-1 {}|connection /game-1|");
    fake_drop_session(e);
    check_flat();
    fake_close();
}

TEST(half_a_packet_for_a_child_that_goes)
{
    begin_parents(false);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    say(e, "51-/game-1,[\"x\",{\"_placeholder\":true,\"num\":0}]");
    sio_socket_disconnect(sio.socket, false);
    fake_tick();
    CHECK(find(0, "/game-1") == NULL);
    say_binary(e, "bytes");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    fake_drop_session(e);
    fake_close();
}

TEST(acknowledgement_ids_go_on)
{
    begin_parents(false);
    struct sio_outgoing out = event_of("[\"q\"]");
    struct eio_session *e = fake_session(0);
    for (unsigned i = 0; i < 3; i++) {
        char expected[64];
        say(e, "0/game-1,");
        sio_socket_emit(sio.socket, &out, 77, 0);
        snprintf(expected, sizeof expected, "2/game-1,%u[\"q\"]", i);
        CHECK(memmem(last_sent(e).p, last_sent(e).len, expected, strlen(expected)) != NULL);
        say(e, "1/game-1,");
        fake_tick();
    }
    fake_drop_session(e);
    fake_close();
}

TEST(parents_and_namespaces_have_limits)
{
    begin_parents(false);
    struct sio_server *s = sio.worker[0].server;
    while (s->parents.count < SIO_PARENTS_MAX)
        CHECK(sio_parent_new(s) != NULL);
    CHECK(sio_parent_new(s) == NULL);
    CHECK_EQ_INT(sio.log_lines, 1);
    for (unsigned i = 0; s->nsps.count < SIO_NSPS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "/c%u", i);
        CHECK(sio_parent_child(asked.parent, sio_slice_str(name)) != NULL);
    }
    CHECK(sio_parent_child(asked.parent, SIO_LIT("/more")) == NULL);
    CHECK_EQ_INT(sio.log_lines, 2);
    CHECK(sio_parent_child(asked.parent, SIO_LIT("/c1")) == find(0, "/c1"));
    fake_tick();
    CHECK_EQ_INT(s->nsps.count, 1);
    fake_close();
}

/* ---- emits ---------------------------------------------------------------------------------- */

TEST(parent_speaks_to_all_its_children)
{
    begin_parents(false);
    struct eio_session *e[3] = {fake_session(0), fake_session(1), fake_session(1)};
    say(e[0], "0/game-1,");
    sio_socket_join(sio.socket, SIO_LIT("r"));
    say(e[1], "0/game-2,");
    say(e[2], "0/game-3,");
    sio_socket_join(sio.socket, SIO_LIT("r"));
    size_t records = sio.n;
    broadcast(asked.parent, NULL, "[\"all\"]", 0);
    CHECK_EQ_INT(sio.n, records + 1);
    fake_tail(&sio.worker[1]);
    CHECK_SLICE(last_sent(e[0]), "42/game-1,[\"all\"]");
    CHECK_SLICE(last_sent(e[1]), "42/game-2,[\"all\"]");
    CHECK_SLICE(last_sent(e[2]), "42/game-3,[\"all\"]");
    broadcast(asked.parent, "r", "[\"room\"]", 0);
    fake_tail(&sio.worker[1]);
    CHECK_SLICE(last_sent(e[0]), "42/game-1,[\"room\"]");
    CHECK_SLICE(last_sent(e[1]), "42/game-2,[\"all\"]");
    CHECK_SLICE(last_sent(e[2]), "42/game-3,[\"room\"]");
    broadcast(asked.parent, NULL, "[\"here\"]", SIO_EMIT_HERE);
    fake_tail(&sio.worker[1]);
    CHECK_SLICE(last_sent(e[0]), "42/game-1,[\"here\"]");
    CHECK_SLICE(last_sent(e[1]), "42/game-2,[\"all\"]");
    for (unsigned i = 0; i < 3; i++)
        fake_drop_session(e[i]);
    fake_close();
}

TEST(child_of_other_workers_can_be_spoken_to)
{
    begin_parents(false);
    struct eio_session *e = fake_session(1);
    say(e, "0/game-1,");
    sio_buf_clear(&sio.log);
    broadcast(sio_parent_child(asked.parent, SIO_LIT("/game-1")), NULL, "[\"far\"]", 0);
    fake_tail(&sio.worker[1]);
    CHECK_SLICE(last_sent(e), "42/game-1,[\"far\"]");
    fake_tick();
    CHECK_LOG("gone /game-1|");
    CHECK(find(1, "/game-1") != NULL);
    fake_drop_session(e);
    check_flat();
    fake_close();
}

/* ---- recovery ------------------------------------------------------------------------------- */

TEST(session_of_a_child_that_has_gone_recovers)
{
    begin_parents(true);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    note_ids(last_sent(e));
    sio_socket_join(sio.socket, SIO_LIT("r"));
    fake_drop_session(e);
    CHECK(find(0, "/game-1") == NULL);
    broadcast(asked.parent, NULL, "[\"one\"]", 0);
    broadcast(asked.parent, "r", "[\"two\"]", 0);
    broadcast(asked.parent, "other", "[\"no\"]", 0);
    broadcast(sio_parent_child(asked.parent, SIO_LIT("/game-1")), NULL, "[\"three\"]", 0);
    broadcast(sio_parent_child(asked.parent, SIO_LIT("/game-2")), NULL, "[\"no\"]", 0);
    fake_tick();
    for (unsigned worker = 1; worker < 2; worker--) { /* at the other worker, then back */
        char text[64];
        struct eio_session *f = fake_session(worker);
        snprintf(text, sizeof text, "0/game-1,{\"pid\":\"%s\"}", client.pid);
        say(f, text);
        CHECK(sio_socket_recovered(sio.socket));
        CHECK_EQ_STR(sio_socket_id(sio.socket), client.sid);
        CHECK_EQ_INT(f->n, 4);
        CHECK(sio_slice_starts(sent(f, 0), SIO_LIT("42/game-1,[\"one\",")));
        CHECK(sio_slice_starts(sent(f, 1), SIO_LIT("42/game-1,[\"two\",")));
        CHECK(sio_slice_starts(sent(f, 2), SIO_LIT("42/game-1,[\"three\",")));
        CHECK(sio_slice_starts(sent(f, 3), SIO_LIT("40/game-1,")));
        fake_drop_session(f);
        fake_tick();
        CHECK(find(worker, "/game-1") == NULL);
    }
    fake_close();
}

TEST(claim_keeps_its_child)
{
    begin_parents(true);
    struct eio_session *e = fake_session(0);
    say(e, "0/game-1,");
    note_ids(last_sent(e));
    fake_drop_session(e);
    sio.claim_later = true;
    char text[64];
    e = fake_session(0);
    snprintf(text, sizeof text, "0/game-1,{\"pid\":\"%s\"}", client.pid);
    say(e, text);
    fake_tick();
    CHECK(find(0, "/game-1") != NULL); /* its one socket is not in it yet */
    fake_answer_claims();
    CHECK(sio_socket_recovered(sio.socket));
    fake_drop_session(e);
    check_flat();
    fake_close();
}
