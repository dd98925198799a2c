// SPDX-License-Identifier: MIT
/* worker/: what it tells its siblings of its load. */
#include "test.h"

#include <sys/resource.h>

#include "worker_side.h"

TEST(worker_a_count_that_stays_wrong_is_mended)
{
    host_open();
    sio_load_add(&host, 1, 3); /* for connections that were lost on their way */
    WAIT(sessions_of(1) == 0);
    host_close();
}

static bool tells(unsigned fds)
{
    return atomic_load(&host.slots[0].fds_open) == fds;
}

/* Siblings give it no more connections than it has descriptors for. */
TEST(worker_tells_of_its_connections)
{
    char sid[SIO_ID_LEN + 1];
    struct peer p, q;
    host_open();
    peer_at(&p, 0);
    WAIT(tells(1));
    client_handshake(&p, sid);
    peer_at(&q, 0);
    WAIT(tells(2));
    peer_fini(&p);
    peer_fini(&q);
    WAIT(tells(0));
    /* who polls has a session without one */
    CHECK_EQ_INT(eio_server_count(side[0].service->engine), 1);
    host_close();
}

TEST(worker_tells_of_connections_that_wait_for_their_end_too)
{
    struct peer p;
    host_open();
    net.loop.linger_ms = 100 * WATCHDOG_MS;
    side[0].service->http.limits.max_connections = 0;
    peer_at(&p, 0);
    WAIT(p.ended);
    WAIT(tells(1));
    peer_fini(&p);
    WAIT(tells(0));
    host_close();
}

static bool tells_limit(rlim_t fds)
{
    return atomic_load(&host.slots[0].fds_limit) == fds;
}

TEST(worker_tells_of_a_limit_that_changes_while_it_runs)
{
    struct rlimit limit;
    host_open();
    CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    WAIT(tells_limit(limit.rlim_cur));
    limit.rlim_cur--;
    CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    WAIT(tells_limit(limit.rlim_cur));
    limit.rlim_cur++;
    CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    WAIT(tells_limit(limit.rlim_cur));
    host_close();
}
