// SPDX-License-Identifier: MIT
/* Events of rooms: which come, in what order, and what of those that nobody heard in time. In the
 * texts "1" and "2" stand for the ids of the sockets.
 */
#include "test.h"

#include "sio/crowd.h"
#include "sio/parent.h"
#include "sio_client.h"

enum { ALL = SIO_ROOM_CREATED | SIO_ROOM_DELETED | SIO_ROOM_JOINED | SIO_ROOM_LEFT };

static struct eio_session *first_session, *second_session;
static struct sio_socket *first_socket, *second_socket;

/* The log with every id of `s` as "#". */
static void hide(const struct sio_socket *s, char with)
{
    struct sio_slice id = sio_socket_id_slice(s);
    char *at;
    while ((at = memmem(sio.log.p, sio.log.len, id.p, id.len)) != NULL) {
        size_t rest = (size_t)(sio.log.p + sio.log.len - at) - id.len;
        *at = with;
        memmove(at + 1, at + id.len, rest);
        sio.log.len -= id.len - 1;
    }
}

/* Ticks; ids are "1" and "2". */
#define CHECK_TOLD(text)                                                                           \
    do {                                                                                           \
        fake_tick();                                                                               \
        hide(first_socket, '1');                                                                   \
        hide(second_socket, '2');                                                                  \
        CHECK_LOG(text);                                                                           \
    } while (0)

/* Two sockets in "/" of worker 0. */
static void begin_watched(unsigned kinds)
{
    fake_begin();
    first_socket = fake_join_root(0, &first_session);
    second_socket = fake_join_root(0, &second_session);
    sio_watch_set(root_of(0), kinds);
    fake_tick();
    sio_buf_clear(&sio.log);
}

static void finish(void)
{
    fake_drop_session(first_session);
    fake_drop_session(second_session);
    fake_close();
}

TEST(nothing_is_noted_where_nobody_listens)
{
    begin_watched(0);
    CHECK_EQ_INT(sio_socket_join(first_socket, SIO_LIT("a")), 0);
    CHECK(sio_list_empty(&sio.worker[0].server->watch.notes));
    CHECK_TOLD("");
    finish();
}

TEST(room_begins_before_it_is_joined_and_ends_after_it_was_left)
{
    begin_watched(ALL);
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio_socket_join(second_socket, SIO_LIT("a"));
    sio_socket_join(second_socket, SIO_LIT("a"));
    CHECK_LOG(""); /* not from the midst of it */
    CHECK_TOLD("create a|join a 1|join a 2|");
    sio_socket_leave(first_socket, SIO_LIT("a"));
    sio_socket_leave(first_socket, SIO_LIT("a"));
    sio_socket_leave(second_socket, SIO_LIT("a"));
    sio_socket_leave(second_socket, SIO_LIT("b"));
    CHECK_TOLD("leave a 1|leave a 2|delete a|");
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio_socket_leave(first_socket, SIO_LIT("a"));
    sio_socket_join(first_socket, SIO_LIT("a"));
    CHECK_TOLD("create a|join a 1|leave a 1|delete a|create a|join a 1|");
    finish();
}

TEST(only_what_is_listened_to)
{
    begin_watched(SIO_ROOM_CREATED | SIO_ROOM_LEFT);
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio_socket_leave(first_socket, SIO_LIT("a"));
    CHECK_EQ_INT(sio.worker[0].server->watch.n_noted, 2);
    sio_watch_set(root_of(0), SIO_ROOM_LEFT); /* before they are told */
    CHECK_TOLD("leave a 1|");
    finish();
}

TEST(own_room_lasts_from_connection_to_end)
{
    struct eio_session *session;
    begin_watched(ALL);
    struct sio_socket *was = second_socket;
    second_socket = fake_join_root(0, &session);
    CHECK_TOLD("create 2|join 2 2|");
    sio_socket_join(second_socket, SIO_LIT("a"));
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio_socket_join(second_socket, SIO_LIT("b"));
    sio_socket_join(first_socket, sio_socket_id_slice(second_socket));
    CHECK_TOLD("create a|join a 2|join a 1|create b|join b 2|join 2 1|");
    char id[SIO_ID_LEN + 1];
    snprintf(id, sizeof id, "%s", sio_socket_id(second_socket));
    fake_end(session, EIO_TRANSPORT_CLOSE, NULL);
    second_socket = was;
    sio_buf_clear(&sio.log);
    fake_tick();
    struct sio_buf expected = {0};
    sio_buf_printf(&expected, "leave %s %s|leave a %s|leave b %s|delete b|", id, id, id, id);
    CHECK_EQ_SLICE(sio_buf_slice(&sio.log), sio_buf_slice(&expected));
    sio_buf_clear(&sio.log);
    sio_socket_leave(first_socket, sio_slice_str(id));
    fake_tick();
    sio_buf_clear(&expected);
    sio_buf_printf(&expected, "leave %s %s|delete %s|", id, sio_socket_id(first_socket), id);
    CHECK_EQ_SLICE(sio_buf_slice(&sio.log), sio_buf_slice(&expected));
    sio_buf_fini(&expected);
    forget_sent(session);
    sio_free(session);
    finish();
}

TEST(room_of_an_id_is_there_while_its_socket_is)
{
    begin_watched(ALL);
    sio_socket_join(first_socket, sio_socket_id_slice(second_socket));
    sio_socket_leave(first_socket, sio_socket_id_slice(second_socket));
    CHECK_TOLD("join 2 1|leave 2 1|");
    finish();
}

TEST(crowd_is_told_one_by_one)
{
    begin_watched(ALL);
    struct sio_slice id = sio_socket_id_slice(first_socket);
    struct sio_selection all = {0}, one = {.rooms = &id, .n_rooms = 1};
    struct sio_slice names[] = {SIO_LIT("a"), SIO_LIT("b")};
    sio_crowd_change(root_of(0), SIO_CROWD_JOIN, &one, 0, names, 2);
    CHECK_TOLD("create a|join a 1|create b|join b 1|");
    sio_crowd_change(root_of(0), SIO_CROWD_JOIN, &all, 0, names, 2);
    CHECK_TOLD("join a 2|join b 2|");
    sio_crowd_change(root_of(0), SIO_CROWD_LEAVE, &one, 0, names, 1);
    sio_crowd_change(root_of(0), SIO_CROWD_LEAVE, &all, 0, names, 1);
    CHECK_TOLD("leave a 1|leave a 2|delete a|");
    finish();
}

TEST(refused_socket_leaves_what_it_had_joined)
{
    begin_watched(ALL);
    sio.hold = true;
    struct eio_session *session = fake_session(0);
    say(session, "0");
    struct sio_socket *s = sio.socket;
    sio_socket_join(s, SIO_LIT("early"));
    sio_watch_set(root_of(0), SIO_ROOM_CREATED | SIO_ROOM_DELETED);
    sio_buf_clear(&sio.log);
    sio_socket_refuse(s, SIO_LIT("{}"));
    CHECK_TOLD("disconnect -|create early|delete early|");
    fake_drop_session(session);
    finish();
}

/* ---- in odd moments -------------------------------------------------------------------------- */

static void leave_it(struct sio_nsp *n, const struct sio_room_event *e)
{
    if (e->kind == SIO_ROOM_JOINED && sio_slice_eq(e->room, SIO_LIT("a")))
        sio_socket_leave(sio_nsp_find(n, e->sid), e->room);
}

TEST(what_a_listener_does_is_told_behind_the_rest)
{
    begin_watched(ALL);
    sio.on_room = leave_it;
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio_socket_join(first_socket, SIO_LIT("b"));
    CHECK_TOLD("create a|join a 1|create b|join b 1|leave a 1|delete a|");
    finish();
}

static void shut_down(struct sio_nsp *n, const struct sio_room_event *e)
{
    if (e->kind == SIO_ROOM_CREATED)
        sio_server_shutdown(n->server);
}

TEST(shutdown_tells_all_in_order)
{
    begin_watched(SIO_ROOM_CREATED | SIO_ROOM_JOINED | SIO_ROOM_DELETED);
    sio_socket_join(first_socket, SIO_LIT("a"));
    sio.on_room = shut_down;
    sio_watch_tell(sio.worker[0].server);
    CHECK(sio_list_empty(&sio.worker[0].server->watch.notes));
    hide(first_socket, '1');
    hide(second_socket, '2');
    CHECK_LOG("create a|disconnecting server shutting down|disconnect server shutting down|"
              "disconnecting server shutting down|disconnect server shutting down|"
              "join a 1|delete 1|delete a|delete 2|");
    finish();
}

static void on_nsp_gone(void *owner, struct sio_nsp *n)
{
    (void)owner, (void)n;
    sio_buf_printf(&sio.log, "gone|");
}

/* What ends children waits for the end of this tick before the events do. */
TEST(child_does_not_go_before_its_last_event)
{
    fake_events.on_nsp_gone = on_nsp_gone;
    begin_watched(0);
    struct sio_nsp *parent = sio_parent_new(sio.worker[0].server);
    struct sio_nsp *child = sio_parent_child(parent, SIO_LIT("/game"));
    sio_parent_open(child);
    sio_watch_set(child, SIO_ROOM_DELETED);
    say(first_session, "0/game,");
    char id[SIO_ID_LEN + 1];
    snprintf(id, sizeof id, "%s", sio_socket_id(sio.socket));
    sio_socket_join(sio.socket, SIO_LIT("a"));
    sio_socket_disconnect(sio.socket, false);
    sio_buf_clear(&sio.log);
    fake_tick();
    struct sio_buf expected = {0};
    sio_buf_printf(&expected, "delete %s|delete a|gone|", id);
    CHECK_EQ_SLICE(sio_buf_slice(&sio.log), sio_buf_slice(&expected));
    sio_buf_fini(&expected);
    CHECK(sio_list_empty(&parent->children));
    finish();
}

TEST(server_ends_with_notes)
{
    begin_watched(ALL);
    fake_drop_session(second_session);
    second_session = fake_session(0);
    sio_socket_join(first_socket, SIO_LIT("a"));
    fake_end(first_session, EIO_TRANSPORT_CLOSE, NULL);
    CHECK(!sio_list_empty(&sio.worker[0].server->watch.notes));
    forget_sent(first_session);
    sio_free(first_session);
    fake_end(second_session, EIO_TRANSPORT_CLOSE, NULL);
    forget_sent(second_session);
    sio_free(second_session);
    fake_close();
}

TEST(restored_session_joins_again)
{
    begin_with(true, false);
    sio_watch_set(root_of(0), ALL);
    struct eio_session *second = connect_as(0, &client);
    first_socket = second_socket = sio.socket;
    fake_tick();
    hide(sio.socket, '#');
    CHECK(memmem(sio.log.p, sio.log.len, "create r|join r #|create #|join # #|", 35) != NULL);
    end_with(second);
}

TEST(notes_have_a_limit)
{
    static char name[SIO_ROOM_NAME_MAX];
    begin_watched(SIO_ROOM_CREATED);
    struct sio_slice room = sio_slice(name, sizeof name);
    memset(name, 'x', sizeof name);
    const struct sio_watch *w = &sio.worker[0].server->watch;
    unsigned n = 0;
    sio_log_set_level(SIO_LOG_ERROR);
    sio.log_lines = 0;
    do {
        sio_socket_join(first_socket, room);
        sio_socket_leave(first_socket, room);
        n++;
    } while (w->n_noted == n);
    CHECK(w->bytes <= SIO_WATCH_BYTES_MAX && w->bytes + sizeof name * 2 > SIO_WATCH_BYTES_MAX);
    CHECK_EQ_INT(sio.log_lines, 1);
    fake_tick();
    CHECK_EQ_INT(w->n_told, n - 1);
    CHECK_EQ_INT(w->bytes, 0);
    sio_buf_clear(&sio.log);
    sio_socket_join(first_socket, SIO_LIT("a"));
    CHECK_TOLD("create a|");
    finish();
}
