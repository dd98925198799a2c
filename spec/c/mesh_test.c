// SPDX-License-Identifier: MIT
/* The mesh: giving connections with their bytes, messages, replaced and dead links, full links.
 *
 * Stands on cluster/mesh and a real loop; both workers are in this process.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "cluster/load.h"
#include "cluster/mesh.h"

struct side {
    struct sio_mesh *mesh;
    struct sio_place me;
    unsigned given, messages, ups, downs, hops, from;
    int fd; /* the last one given */
    bool has_origin;
    struct sio_origin origin;
    struct sio_buf bytes;
    struct sio_mesh_msg msg;
};

static struct sio_loop loop;
static struct sio_shm shm;
static struct side a, b; /* of slots 0 and 1 */

static void on_give(void *owner, unsigned from, const struct sio_arrival *arrival)
{
    struct side *s = owner;
    if (s->fd >= 0)
        close(s->fd);
    s->given++;
    s->fd = arrival->fd;
    s->from = from;
    s->hops = arrival->hops;
    s->has_origin = arrival->origin != NULL;
    if (s->has_origin)
        s->origin = *arrival->origin;
    sio_buf_clear(&s->bytes);
    sio_buf_append_slice(&s->bytes, arrival->bytes);
}

static void on_message(void *owner, unsigned from, const struct sio_mesh_msg *m)
{
    struct side *s = owner;
    s->messages++;
    s->from = from;
    s->msg = *m;
    sio_buf_clear(&s->bytes);
    sio_buf_append_slice(&s->bytes, m->payload);
}

static void on_peer(void *owner, unsigned slot, bool up)
{
    struct side *s = owner;
    CHECK(slot != s->me.slot);
    CHECK(sio_mesh_has(s->mesh, slot) == up);
    if (up)
        s->ups++;
    else
        s->downs++;
}

static const struct sio_mesh_events events = {on_give, on_message, on_peer};

static void make(struct side *s, unsigned slot)
{
    *s = (struct side){.me = {slot, 0}, .fd = -1};
    if (sio_shm_assign(&shm, slot, &s->me.generation) != 0)
        abort();
    atomic_store(&shm.slots[slot].state, SIO_SLOT_READY);
    s->mesh = sio_mesh_new(&loop, &shm, s->me, &events, s);
}

static void join(void)
{
    int fds[2];
    if (sio_link_pair(fds) != 0)
        abort();
    sio_mesh_add(a.mesh, b.me, fds[0]);
    sio_mesh_add(b.mesh, a.me, fds[1]);
}

static void setup(void)
{
    struct sio_shm_config c = {
        .slots = 3, .journal_bytes = 65536, .arena_bytes = 65536, .arena_sessions = 64};
    if (sio_loop_init(&loop) != 0 || sio_shm_create(&shm, &c) != 0)
        abort();
    make(&a, 0);
    make(&b, 1);
    join();
}

static void drop(struct side *s)
{
    sio_mesh_close(s->mesh);
    sio_mesh_close(s->mesh);
    if (s->fd >= 0)
        close(s->fd);
    sio_buf_fini(&s->bytes);
}

static void teardown(void)
{
    drop(&a);
    drop(&b);
    CHECK(sio_loop_fini(&loop));
    sio_shm_detach(&shm);
}

static int give(unsigned slot, int fd, unsigned hops, struct sio_slice bytes)
{
    return sio_mesh_give(a.mesh, slot,
                         &(struct sio_arrival){.fd = fd, .hops = hops, .bytes = bytes});
}

static bool run_until(const unsigned *n, unsigned want)
{
    for (int i = 0; i < 100000 && *n < want; i++)
        sio_loop_run_once(&loop);
    return *n >= want;
}

TEST(mesh_a_given_connection_works)
{
    int pair[2];
    char c = 0;
    setup();
    CHECK_EQ_INT(a.ups, 1);
    CHECK(sio_mesh_has(a.mesh, 1) && !sio_mesh_has(a.mesh, 2) && !sio_mesh_has(a.mesh, 99));
    struct sio_place there = sio_mesh_place(a.mesh, 1);
    CHECK(sio_mesh_reaches(a.mesh, there));
    there.generation++;
    CHECK(!sio_mesh_reaches(a.mesh, there));
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK_EQ_INT(give(1, pair[1], 1, SIO_LIT("GET / HT")), 0);
    close(pair[1]);
    CHECK(run_until(&b.given, 1));
    CHECK_EQ_INT(b.from, 0);
    CHECK_EQ_INT(b.hops, 1);
    CHECK_SLICE(sio_buf_slice(&b.bytes), "GET / HT");
    CHECK(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
    CHECK(write(pair[0], "x", 1) == 1 && read(b.fd, &c, 1) == 1 && c == 'x');
    close(b.fd);
    b.fd = -1;
    CHECK(read(pair[0], &c, 1) == 0); /* no copy is left anywhere */
    close(pair[0]);
    teardown();
}

TEST(mesh_an_origin_travels_with_the_connection)
{
    struct sio_origin origin = {.secure = true};
    struct sio_arrival arrival = {.fd = STDIN_FILENO, .origin = &origin, .bytes = SIO_LIT("GET")};
    static char big[SIO_MESH_MSG_MAX - SIO_MESH_HEAD - 2 - sizeof "192.0.2.7" + 2];
    setup();
    REQUIRE(sio_origin_set_address(&origin, SIO_LIT("192.0.2.7")));
    CHECK_EQ_INT(sio_mesh_give(a.mesh, 1, &arrival), 0);
    CHECK(run_until(&b.given, 1));
    CHECK(b.has_origin && b.origin.secure);
    CHECK_SLICE(sio_origin_address(&b.origin), "192.0.2.7");
    CHECK_SLICE(sio_buf_slice(&b.bytes), "GET");
    arrival.bytes = sio_slice(big, sizeof big);
    CHECK_EQ_INT(sio_mesh_give(a.mesh, 1, &arrival), SIO_ETOOBIG);
    arrival.bytes.len--;
    CHECK_EQ_INT(sio_mesh_give(a.mesh, 1, &arrival), 0);
    CHECK(run_until(&b.given, 2));
    CHECK(b.bytes.len == sizeof big - 1);
    CHECK_EQ_INT(give(1, STDIN_FILENO, 0, SIO_LIT("")), 0);
    CHECK(run_until(&b.given, 3));
    CHECK(!b.has_origin);
    teardown();
}

TEST(mesh_messages)
{
    struct sio_mesh_msg m = {
        .type = SIO_MESH_RELEASE, .status = 1, .request = 77, .payload = SIO_LIT("private id")};
    static char big[SIO_MESH_MSG_MAX];
    setup();
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 1, &m), 0);
    CHECK(run_until(&b.messages, 1));
    CHECK_EQ_INT(b.msg.type, SIO_MESH_RELEASE);
    CHECK_EQ_INT(b.msg.status, 1);
    CHECK_EQ_INT(b.msg.request, 77);
    CHECK_EQ_INT(b.from, 0);
    CHECK_SLICE(sio_buf_slice(&b.bytes), "private id");
    m.payload = sio_slice(big, SIO_MESH_MSG_MAX - SIO_MESH_HEAD);
    CHECK_EQ_INT(sio_mesh_send(b.mesh, 0, &m), 0);
    CHECK(run_until(&a.messages, 1));
    m.payload.len++;
    CHECK_EQ_INT(sio_mesh_send(b.mesh, 0, &m), SIO_ETOOBIG);
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 2, &m), SIO_ETOOBIG);
    m.payload.len = 0;
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 2, &m), SIO_ECLOSED);
    teardown();
}

TEST(mesh_who_is_given_nothing)
{
    static char big[SIO_MESH_MSG_MAX];
    setup();
    CHECK(sio_mesh_can_give(a.mesh, 1));
    CHECK_EQ_INT(give(2, 0, 0, SIO_LIT("")), SIO_ECLOSED);
    CHECK_EQ_INT(give(0, 0, 0, SIO_LIT("")), SIO_ECLOSED);
    CHECK_EQ_INT(give(1, 0, SIO_MESH_HOPS_MAX + 1, SIO_LIT("")), SIO_EINVAL);
    CHECK_EQ_INT(give(1, 0, 0, sio_slice(big, sizeof big)), SIO_ETOOBIG);
    atomic_store(&shm.slots[1].state, SIO_SLOT_SUSPECT);
    CHECK_EQ_INT(give(1, 0, 0, SIO_LIT("")), SIO_ECLOSED);
    atomic_store(&shm.slots[1].state, SIO_SLOT_DRAINING);
    CHECK(sio_mesh_can_give(a.mesh, 1)); /* it still answers its sessions */
    atomic_store(&shm.slots[1].fds_limit, 100);
    atomic_store(&shm.slots[1].fds_open, 100 - SIO_LOAD_FDS_SPARE);
    CHECK_EQ_INT(give(1, 0, 0, SIO_LIT("")), SIO_ECLOSED);
    atomic_store(&shm.slots[1].fds_open, 3);
    CHECK(sio_mesh_can_give(a.mesh, 1));
    /* Its successor is in the slot, and the old link's EOF is not here yet. */
    uint32_t generation;
    sio_shm_bury(&shm, 1, 0);
    CHECK(!sio_mesh_can_give(a.mesh, 1));
    sio_shm_assign(&shm, 1, &generation);
    CHECK(!sio_mesh_can_give(a.mesh, 1));
    CHECK_EQ_INT(give(1, 0, 0, SIO_LIT("")), SIO_ECLOSED);
    teardown();
}

TEST(mesh_a_full_link_gives_eagain_and_keeps_the_descriptor)
{
    static char bytes[16384];
    unsigned sent = 0;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), r;
    setup();
    while ((r = give(1, fd, 0, sio_slice(bytes, sizeof bytes))) == 0)
        sent++;
    CHECK_EQ_INT(r, SIO_EAGAIN);
    CHECK(sent >= 5);
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK(run_until(&b.given, sent));
    CHECK_EQ_INT(give(1, fd, 0, SIO_LIT("x")), 0);
    CHECK(run_until(&b.given, sent + 1));
    CHECK_EQ_INT(b.given, sent + 1);
    close(fd);
    teardown();
}

TEST(mesh_a_peer_that_goes)
{
    struct sio_mesh_msg m = {.type = SIO_MESH_CLAIM};
    setup();
    sio_mesh_close(b.mesh);
    CHECK(run_until(&a.downs, 1));
    CHECK(!sio_mesh_has(a.mesh, 1));
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 1, &m), SIO_ECLOSED);
    CHECK_EQ_INT(b.downs, 0); /* its own closing tells nobody */
    b.mesh = sio_mesh_new(&loop, &shm, b.me, &events, &b);
    join();
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 1, &m), 0);
    CHECK(run_until(&b.messages, 1));
    teardown();
}

TEST(mesh_a_new_link_replaces_the_old_one)
{
    struct sio_mesh_msg m = {.type = SIO_MESH_CLAIM};
    setup();
    join();
    CHECK_EQ_INT(a.ups, 2);
    CHECK_EQ_INT(a.downs, 1);
    CHECK_EQ_INT(sio_mesh_send(a.mesh, 1, &m), 0);
    CHECK(run_until(&b.messages, 1));
    for (int i = 0; i < 3; i++) {
        sio_mesh_send(a.mesh, 1, &m);
        sio_loop_run_once(&loop);
    }
    CHECK_EQ_INT(a.downs, 1); /* the old one's end is silent */
    CHECK(sio_mesh_has(a.mesh, 1) && sio_mesh_has(b.mesh, 0));
    teardown();
}

TEST(mesh_links_to_nowhere_are_refused)
{
    int fds[2];
    setup();
    REQUIRE(sio_link_pair(fds) == 0);
    sio_mesh_add(a.mesh, (struct sio_place){3, 1}, fds[0]); /* there are three slots */
    CHECK(fcntl(fds[0], F_GETFD) < 0);
    sio_mesh_add(a.mesh, a.me, fds[1]);
    CHECK(fcntl(fds[1], F_GETFD) < 0);
    sio_mesh_add(a.mesh, (struct sio_place){2, 1}, memfd_create("file", 0));
    CHECK(!sio_mesh_has(a.mesh, 2));
    CHECK_EQ_INT(a.ups, 1);
    teardown();
}

/* What a sibling of another version, or a broken one, might send: dropped, its descriptors closed.
 */
TEST(mesh_bad_messages_are_dropped)
{
    int fds[2], pair[2];
    char c;
    setup();
    REQUIRE(sio_link_pair(fds) == 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    sio_mesh_add(a.mesh, (struct sio_place){2, 1}, fds[0]);
    static const struct sio_link_events none = {NULL, NULL};
    struct sio_link *raw = sio_link_open(&loop, fds[1], &none, NULL);
    struct sio_buf given = {0}, claim = {0};
    struct sio_mesh_msg m = {.type = SIO_MESH_GIVE, .payload = SIO_LIT("\3")};
    sio_mesh_msg_encode(&given, &m);
    m.type = SIO_MESH_CLAIM;
    sio_mesh_msg_encode(&claim, &m);
    sio_link_send(raw, SIO_LIT("nonsense"), &pair[1], 1);
    sio_link_send(raw, sio_buf_slice(&given), NULL, 0);                       /* no descriptor */
    sio_link_send(raw, sio_buf_slice(&given), (int[2]){pair[1], pair[1]}, 2); /* two */
    sio_link_send(raw, sio_buf_slice(&given), &pair[1], 1);                   /* no such origin */
    sio_link_send(raw, sio_buf_slice(&claim), &pair[1], 1);                   /* not expected */
    CHECK(run_until(&a.messages, 1)); /* the claim itself counts */
    CHECK_EQ_INT(a.given, 0);
    close(pair[1]);
    CHECK(read(pair[0], &c, 1) == 0); /* all copies are closed */
    close(pair[0]);
    sio_buf_fini(&given);
    sio_buf_fini(&claim);
    sio_link_close(raw);
    teardown();
}
