// SPDX-License-Identifier: MIT
/* Answers between workers: who can be asked, parts that wait for a full link, and what comes in.
 * The far end of worker 0's link is in the test's hand; see worker_side.h.
 */
#include "test.h"

#include "codec/mesh_msg.h"
#include "sio/server_in.h"
#include "worker_side.h"

static int far_end;
static char got[SIO_LINK_MESSAGE_MAX];

static void begin(void)
{
    int ends[2];
    host_open();
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    far_end = ends[1];
}

static void finish(void)
{
    close(far_end);
    host_close();
}

static int answer(uint32_t request, struct sio_slice bytes, enum sio_answer_end end)
{
    return sio_service_answer(side[0].service, side[1].me, request, bytes, end);
}

/* Answers 1, 2, ... of one large part each until one has to wait: its number. */
static uint32_t fill(void)
{
    static char large[SIO_ANSWER_PART_MAX];
    uint32_t request = 0;
    while (side[0].w->answers_bytes == 0)
        CHECK_EQ_INT(answer(++request, sio_slice(large, sizeof large), SIO_ANSWER_LAST), 0);
    return request;
}

static bool take(struct sio_mesh_msg *m)
{
    ssize_t n = recv(far_end, got, sizeof got, MSG_DONTWAIT);
    return n > 0 && sio_mesh_msg_decode(sio_slice(got, (size_t)n), m) == 0;
}

static void check_taken(uint32_t request, const char *text, enum sio_answer_end end)
{
    struct sio_mesh_msg m = {0};
    WAIT(take(&m));
    CHECK_EQ_INT(m.type, SIO_MESH_ANSWER);
    CHECK_EQ_INT(m.service, side[0].service->number);
    CHECK_EQ_INT(m.request, request);
    CHECK_EQ_INT(m.status, end);
    CHECK_EQ_SLICE(m.payload, sio_slice_str(text));
}

/* All that fill has written. */
static void take_large(uint32_t last)
{
    for (uint32_t i = 1; i <= last; i++) {
        struct sio_mesh_msg m = {0};
        WAIT(take(&m));
        CHECK_EQ_INT(m.request, i);
        CHECK_EQ_INT(m.payload.len, SIO_ANSWER_PART_MAX);
    }
}

/* ---- who can be asked ------------------------------------------------------------------------ */

static unsigned n_peers(bool *reachable)
{
    struct sio_peer peers[SIO_WORKERS_MAX];
    unsigned n = sio_service_peers(side[0].service, peers);
    *reachable = n > 0 && peers[0].reachable;
    CHECK(n == 0 || peers[0].place.slot == 1);
    return n;
}

static void check_peer(uint32_t state, bool is_peer, bool is_reachable)
{
    bool reachable;
    atomic_store(&host.slots[1].state, state);
    CHECK_EQ_INT(n_peers(&reachable), is_peer);
    CHECK_EQ_INT(reachable, is_reachable);
}

TEST(answer_who_can_be_asked)
{
    bool reachable;
    host_open(); /* no link yet */
    check_peer(SIO_SLOT_DRAINING, false, false);
    check_peer(SIO_SLOT_READY, true, false);
    side_link();
    check_peer(SIO_SLOT_READY, true, true);
    check_peer(SIO_SLOT_SUSPECT, true, false);
    check_peer(SIO_SLOT_DRAINING, true, true);
    check_peer(SIO_SLOT_STARTING, false, false);
    check_peer(SIO_SLOT_EMPTY, false, false);
    check_peer(SIO_SLOT_READY, true, true);
    uint64_t present = atomic_fetch_and(&host.slots[1].present, 0);
    CHECK_EQ_INT(n_peers(&reachable), 0);
    atomic_store(&host.slots[1].present, present);
    host_close();
}

/* ---- the way out ----------------------------------------------------------------------------- */

TEST(answer_leaves_at_once_while_it_can)
{
    begin();
    CHECK_EQ_INT(answer(7, SIO_LIT("abc"), SIO_ANSWER_MORE), 0);
    CHECK_EQ_INT(answer(7, SIO_LIT(""), SIO_ANSWER_LAST), 0);
    CHECK_EQ_INT(side[0].w->answers_bytes, 0);
    check_taken(7, "abc", SIO_ANSWER_MORE);
    check_taken(7, "", SIO_ANSWER_LAST);
    struct sio_place successor = {1, side[1].me.generation + 1};
    CHECK_EQ_INT(sio_service_answer(side[0].service, successor, 7, SIO_LIT("abc"), SIO_ANSWER_LAST),
                 SIO_ECLOSED);
    finish();
}

TEST(answer_is_tried_until_it_goes)
{
    begin();
    uint32_t last = fill();
    uint64_t since_ms = uv_now(&net.loop.uv);
    WAIT(uv_now(&net.loop.uv) > since_ms + 2 * SIO_ANSWER_RETRY_MS); /* tried in vain */
    take_large(last);
    CHECK_EQ_INT(side[0].w->answers_bytes, 0);
    finish();
}

TEST(answer_waits_for_a_full_link_and_keeps_its_place)
{
    begin();
    uint32_t last = fill();
    CHECK(last > 1);
    struct sio_mesh_msg m;
    CHECK(take(&m)); /* there is room now, but not in front of who waits */
    CHECK_EQ_INT(m.request, 1);
    CHECK_EQ_INT(answer(last + 1, SIO_LIT("small"), SIO_ANSWER_LAST), 0);
    for (uint32_t i = 2; i <= last; i++) {
        WAIT(take(&m));
        CHECK_EQ_INT(m.request, i);
    }
    check_taken(last + 1, "small", SIO_ANSWER_LAST);
    CHECK_EQ_INT(side[0].w->answers_bytes, 0);
    finish();
}

TEST(answer_that_does_not_fit_is_given_up)
{
    begin();
    uint32_t last = fill();
    struct sio_worker *w = side[0].w;
    CHECK_EQ_INT(answer(501, SIO_LIT("good"), SIO_ANSWER_LAST), 0);
    CHECK_EQ_INT(answer(502, SIO_LIT("one"), SIO_ANSWER_MORE), 0);
    size_t rest = SIO_ANSWERS_BYTES - w->answers_bytes - 3;
    w->answers_bytes += rest;
    CHECK_EQ_INT(answer(502, SIO_LIT("two"), SIO_ANSWER_MORE), 0); /* to the byte */
    CHECK_EQ_INT(answer(502, SIO_LIT("3"), SIO_ANSWER_LAST), SIO_EFULL);
    w->answers_bytes -= rest;
    CHECK(strstr(net.logged, "one to worker 2 is given up") != NULL);
    take_large(last);
    check_taken(501, "good", SIO_ANSWER_LAST);
    check_taken(502, "", SIO_ANSWER_FAILED); /* nothing else of it */
    CHECK_EQ_INT(w->answers_bytes, 0);
    finish();
}

TEST(answer_waits_no_longer_than_its_link_is_there)
{
    begin();
    fill();
    close(far_end);
    far_end = -1;
    WAIT(side[0].w->answers_bytes == 0);
    CHECK_EQ_INT(answer(1, SIO_LIT("x"), SIO_ANSWER_LAST), SIO_ECLOSED);
    host_close();
}

TEST(answer_that_waits_when_its_worker_closes)
{
    begin();
    fill();
    side_close(0);
    finish();
}

/* ---- what comes ------------------------------------------------------------------------------ */

static char asked[32]; /* what the last question came to */

static void on_counted(void *arg, const struct sio_asked *what)
{
    (void)arg;
    struct sio_reader r = {.rest = what->n == 2 ? what->answers[1].bytes : SIO_LIT("")};
    uint64_t count = what->missing == 0 ? sio_reader_u64(&r) : 0;
    snprintf(asked, sizeof asked, "%d: %u of %u, %u", what->err, what->n - what->missing, what->n,
             (unsigned)count);
}

/* A question of worker 0, which the far end may answer: its number. */
static uint32_t ask(void)
{
    struct sio_server *s = sio_service_sio(side[0].service);
    struct sio_question q = {.kind = SIO_ASK_COUNT};
    asked[0] = '\0';
    CHECK_EQ_INT(sio_ask(sio_server_find_nsp(s, SIO_LIT("/")), &(struct sio_selection){0}, &q,
                         on_counted, NULL),
                 0);
    return s->asks.last_request;
}

static void say_far(unsigned service, uint32_t request, struct sio_slice bytes,
                    enum sio_answer_end end)
{
    struct sio_buf b = {0};
    sio_mesh_msg_encode(&b, &(struct sio_mesh_msg){.type = SIO_MESH_ANSWER,
                                                   .status = (uint8_t)end,
                                                   .service = (uint8_t)service,
                                                   .request = request,
                                                   .payload = bytes});
    CHECK_EQ_INT(send(far_end, b.p, b.len, 0), (ssize_t)b.len);
    sio_buf_fini(&b);
}

TEST(answer_comes_in_parts)
{
    begin();
    uint32_t request = ask();
    unsigned number = side[0].service->number;
    struct sio_buf count = {0};
    sio_buf_append_u64(&count, 5);
    struct sio_slice bytes = sio_buf_slice(&count);
    say_far(number, request + 1, bytes, SIO_ANSWER_LAST);       /* to no question */
    say_far(SIO_SERVICES_MAX, request, bytes, SIO_ANSWER_LAST); /* to no server */
    say_far(SIO_SERVICES_MAX - 1, request, bytes, SIO_ANSWER_LAST);
    say_far(number, request, sio_slice(bytes.p, 3), SIO_ANSWER_MORE);
    say_far(number, request, sio_slice_from(bytes, 3), SIO_ANSWER_LAST);
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 2 of 2, 5");
    sio_buf_fini(&count);
    finish();
}

TEST(answer_that_failed_is_missing)
{
    begin();
    uint32_t request = ask();
    say_far(side[0].service->number, request, SIO_LIT(""), SIO_ANSWER_FAILED);
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 1 of 2, 0");
    ask();
    say_far(side[0].service->number, 0, SIO_LIT(""), SIO_ANSWER_FAILED); /* to all of them */
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 1 of 2, 0");
    finish();
}

TEST(answer_is_not_waited_for_when_a_worker_hangs_or_goes)
{
    begin();
    ask();
    atomic_store(&host.slots[1].state, SIO_SLOT_SUSPECT);
    sio_worker_check_peers(side[0].w);
    atomic_store(&host.slots[1].state, SIO_SLOT_READY);
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 1 of 2, 0");
    ask();
    CHECK_EQ_STR(asked, "");
    close(far_end);
    far_end = -1;
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 1 of 2, 0");
    host_close();
}

TEST(answer_to_what_was_skipped_is_refused)
{
    begin();
    sio_worker_skipped(side[0].w);
    check_taken(0, "", SIO_ANSWER_FAILED);
    finish();
}
