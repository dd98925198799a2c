// SPDX-License-Identifier: MIT
/* net/quota: what one address may have. */
#include "net/quota.h"

#include <stdio.h>

#include "test.h"

static struct sio_quota *q;
static struct sio_quota_place *places[8];
static unsigned n;

static bool enter(const char *address)
{
    bool entered = sio_quota_enter(q, sio_slice_str(address), false, &places[n]);
    n += entered;
    return entered;
}

static void leave_all(void)
{
    while (n > 0)
        sio_quota_leave(places[--n]);
}

TEST(connections_of_one_address)
{
    q = sio_quota_new(2, 0);
    CHECK(enter("192.0.2.1") && enter("192.0.2.1"));
    CHECK(!enter("192.0.2.1"));
    CHECK(!enter("::ffff:192.0.2.1")); /* the same */
    CHECK(enter("192.0.2.2"));
    sio_quota_leave(places[0]);
    places[0] = NULL;
    CHECK(enter("192.0.2.1"));
    CHECK(!enter("192.0.2.1"));
    leave_all();
    CHECK(enter("192.0.2.1") && enter("192.0.2.1"));
    leave_all();
    sio_quota_close(q);
}

TEST(an_ipv6_subscriber_has_a_64)
{
    q = sio_quota_new(1, 0);
    CHECK(enter("2001:db8:0:1::1"));
    CHECK(!enter("2001:db8:0:1:ffff::2"));
    CHECK(enter("2001:db8:0:2::1"));
    leave_all();
    sio_quota_close(q);
}

TEST(who_moves_here_is_counted_and_never_refused)
{
    q = sio_quota_new(1, 0);
    CHECK(enter("192.0.2.1"));
    CHECK(sio_quota_enter(q, SIO_LIT("192.0.2.1"), true, &places[n]));
    CHECK(places[n] != NULL);
    n++;
    sio_quota_leave(places[0]);
    places[0] = NULL;
    CHECK(!enter("192.0.2.1"));
    leave_all();
    sio_quota_close(q);
}

TEST(without_a_limit_or_an_address_nobody_is_counted)
{
    CHECK(sio_quota_new(0, 0) == NULL);
    q = NULL;
    for (int i = 0; i < 3; i++)
        CHECK(sio_quota_enter(NULL, SIO_LIT("192.0.2.1"), false, &places[0]) && places[0] == NULL);
    CHECK(sio_quota_handshake(NULL, SIO_LIT("192.0.2.1"), 0));
    q = sio_quota_new(0, 1);
    for (int i = 0; i < 3; i++)
        CHECK(sio_quota_enter(q, SIO_LIT("192.0.2.1"), false, &places[0]) && places[0] == NULL);
    sio_quota_close(q);
    q = sio_quota_new(1, 1);
    for (int i = 0; i < 3; i++) {
        CHECK(sio_quota_enter(q, SIO_LIT(""), false, &places[0]) && places[0] == NULL);
        CHECK(sio_quota_handshake(q, SIO_LIT(""), 0));
    }
    sio_quota_leave(NULL);
    sio_quota_close(q);
    sio_quota_close(NULL);
}

TEST(handshakes_per_second)
{
    q = sio_quota_new(0, 2);
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.1"), 1000));
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.1"), 1000));
    CHECK(!sio_quota_handshake(q, SIO_LIT("192.0.2.1"), 1000));
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.2"), 1000));
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.1"), 2000));
    sio_quota_close(q);
}

TEST(a_connection_may_outlive_the_quota)
{
    q = sio_quota_new(1, 1);
    CHECK(enter("192.0.2.1"));
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.2"), 0));
    sio_quota_close(q);
    leave_all(); /* frees it */
}

/* The address that has been silent for longest is forgotten, and may begin anew. */
TEST(no_more_than_so_many_addresses_are_remembered)
{
    char address[32];
    q = sio_quota_new(0, 1);
    for (unsigned i = 0; i < SIO_QUOTA_IDLE_MAX; i++) {
        snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        if (!CHECK(sio_quota_handshake(q, sio_slice_str(address), 5)))
            break;
    }
    CHECK(!sio_quota_handshake(q, SIO_LIT("10.0.0.1"), 5));
    CHECK(sio_quota_handshake(q, SIO_LIT("192.0.2.1"), 5)); /* takes the place of 10.0.0.0 */
    CHECK(!sio_quota_handshake(q, SIO_LIT("10.0.0.1"), 5));
    CHECK(sio_quota_handshake(q, SIO_LIT("10.0.0.0"), 5));
    sio_quota_close(q);
}
