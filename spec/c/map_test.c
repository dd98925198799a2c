// SPDX-License-Identifier: MIT
/* base/map: against a naive model under random operations, and its keyed hash. */
#include "base/map.h"

#include "base/clock.h"
#include "test.h"

enum { KEYS = 300, STEPS = 60000 };

static struct sio_slice key_of(char text[16], unsigned i)
{
    return sio_slice(text, (size_t)snprintf(text, 16, "room-%u", i));
}

TEST(empty_map)
{
    struct sio_map m = {0};
    size_t pos = 0;
    CHECK(sio_map_get(&m, SIO_LIT("a")) == NULL);
    CHECK(sio_map_del(&m, SIO_LIT("a")) == NULL);
    CHECK(sio_map_next(&m, &pos) == NULL);
    sio_map_fini(&m);
}

TEST(put_replaces_key_and_value)
{
    struct sio_map m = {0};
    char first[] = "key", second[] = "key";
    int one = 1, two = 2;
    CHECK(sio_map_put(&m, sio_slice(first, 3), &one) == NULL);
    CHECK(sio_map_put(&m, sio_slice(second, 3), &two) == &one);
    memset(first, 'x', 3); /* its owner is gone: the map may not look at it again */
    CHECK(sio_map_get(&m, SIO_LIT("key")) == &two);
    CHECK_EQ_INT(m.count, 1);
    CHECK(sio_map_put(&m, SIO_LIT(""), &one) == NULL);
    CHECK(sio_map_get(&m, sio_slice(NULL, 0)) == &one);
    sio_map_fini(&m);
}

TEST(agrees_with_a_model)
{
    static char text[KEYS][16];
    static bool present[KEYS];
    struct sio_map m = {0};
    uint64_t random = 88172645463325252;
    size_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        unsigned i;
        struct sio_slice key;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        i = (unsigned)(random >> 20) % KEYS;
        key = key_of(text[i], i);
        if (random & 1) {
            CHECK((sio_map_put(&m, key, text[i]) != NULL) == present[i]);
            count += !present[i];
            present[i] = true;
        } else {
            CHECK((sio_map_del(&m, key) != NULL) == present[i]);
            count -= present[i];
            present[i] = false;
        }
        if (!CHECK_EQ_INT(m.count, count))
            break;
    }
    for (unsigned i = 0; i < KEYS; i++)
        CHECK_EQ_INT(sio_map_get(&m, key_of(text[i], i)) != NULL, present[i]);
    sio_map_fini(&m);
}

TEST(a_large_table_follows_the_number_down)
{
    enum { MANY = 20000, LEFT = 10 };
    static char text[MANY][16];
    struct sio_map m = {0};
    for (unsigned i = 0; i < MANY; i++)
        sio_map_put(&m, key_of(text[i], i), text[i]);
    for (unsigned i = LEFT; i < MANY; i++) {
        CHECK(sio_map_del(&m, key_of(text[i], i)) == text[i]);
        CHECK(m.cap <= 1024 || m.count >= m.cap / 8);
    }
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQ_INT(sio_map_get(&m, key_of(text[i], i)) == text[i], i < LEFT);
    CHECK_EQ_INT(m.cap, 1024);
    CHECK_EQ_INT(m.count, LEFT);
    sio_map_fini(&m);
}

TEST(iterates_over_each_once)
{
    static char text[100][16];
    bool seen[100] = {0};
    struct sio_map m = {0};
    size_t pos = 0, n = 0;
    for (unsigned i = 0; i < 100; i++)
        sio_map_put(&m, key_of(text[i], i), &seen[i]);
    for (bool *mark; (mark = sio_map_next(&m, &pos)) != NULL; n++) {
        CHECK(!*mark);
        *mark = true;
    }
    CHECK_EQ_INT(n, 100);
    sio_map_fini(&m);
}

TEST(hash_depends_on_every_byte_and_the_length)
{
    char bytes[24] = {0};
    for (size_t len = 0; len < sizeof bytes; len++) {
        uint64_t plain = sio_hash(sio_slice(bytes, len));
        CHECK(plain == sio_hash(sio_slice(bytes, len)));
        CHECK(plain != sio_hash(sio_slice(bytes, len + 1)));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = 1;
            CHECK(plain != sio_hash(sio_slice(bytes, len)));
            bytes[i] = 0;
        }
    }
}

/* 90,000 keys that collide under an unkeyed sum must not cost more than as many others. */
TEST(chosen_keys_do_not_collide)
{
    static char text[90000][16];
    struct sio_map m = {0};
    uint64_t start = sio_clock_ms();
    for (unsigned i = 0; i < 90000; i++)
        sio_map_put(&m, sio_slice(text[i], (size_t)snprintf(text[i], 16, "%04u%04u", i, 9999 - i)),
                    text[i]);
    CHECK(sio_clock_ms() - start < 2000); /* quadratic would be minutes */
    CHECK_EQ_INT(m.count, 90000);
    sio_map_fini(&m);
}
