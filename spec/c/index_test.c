// SPDX-License-Identifier: MIT
/* base/index: against a naive model under random operations; the table's size follows. */
#include "base/index.h"

#include "test.h"

enum { KEYS = 300, STEPS = 60000 };

struct item {
    struct sio_index_node node;
    char key[16];
    bool present, seen;
};

static struct item items[KEYS];

static struct item *item_of(const struct sio_index_node *n)
{
    return SIO_CONTAINER_OF(n, struct item, node);
}

static struct sio_slice key_of(const struct sio_index_node *n)
{
    return sio_slice_str(SIO_CONTAINER_OF(n, const struct item, node)->key);
}

static void name_items(void)
{
    memset(items, 0, sizeof items);
    for (int i = 0; i < KEYS; i++)
        snprintf(items[i].key, sizeof items[i].key, "sid-%d", i);
}

static struct item *get(const struct sio_index *ix, const char *key)
{
    struct sio_index_node *n = sio_index_get(ix, sio_slice_str(key));
    return n != NULL ? item_of(n) : NULL;
}

TEST(empty_index)
{
    struct sio_index ix;
    name_items();
    sio_index_init(&ix, key_of);
    CHECK(get(&ix, "a") == NULL);
    CHECK(sio_index_next(&ix, NULL) == NULL);
    sio_index_remove(&ix, &items[0].node);
    sio_index_fini(&ix);
}

TEST(removing_what_is_not_in_has_no_effect)
{
    struct sio_index ix;
    name_items();
    sio_index_init(&ix, key_of);
    sio_index_add(&ix, &items[1].node);
    sio_index_remove(&ix, &items[0].node);
    CHECK_EQ_INT(ix.count, 1);
    sio_index_remove(&ix, &items[1].node);
    sio_index_remove(&ix, &items[1].node);
    CHECK_EQ_INT(ix.count, 0);
    CHECK(get(&ix, "sid-1") == NULL);
    sio_index_fini(&ix);
}

/* Every one that is in, each once. */
static void check_all(const struct sio_index *ix)
{
    size_t n = 0;
    for (int i = 0; i < KEYS; i++)
        items[i].seen = false;
    for (struct sio_index_node *at = NULL; (at = sio_index_next(ix, at)) != NULL; n++) {
        CHECK(item_of(at)->present);
        CHECK(!item_of(at)->seen);
        item_of(at)->seen = true;
    }
    CHECK_EQ_INT(n, ix->count);
}

TEST(index_agrees_with_a_model)
{
    struct sio_index ix;
    uint64_t random = 88172645463325252;
    size_t count = 0;
    name_items();
    sio_index_init(&ix, key_of);
    for (int step = 0; step < STEPS; step++) {
        struct item *it;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        it = &items[(random >> 20) % KEYS];
        CHECK(get(&ix, it->key) == (it->present ? it : NULL));
        if (random & 1 && !it->present) {
            sio_index_add(&ix, &it->node);
            it->present = true;
            count++;
        } else if (!(random & 1)) {
            sio_index_remove(&ix, &it->node);
            count -= it->present;
            it->present = false;
        }
        CHECK_EQ_INT(ix.count, count);
        if (step % 1000 == 0)
            check_all(&ix);
    }
    sio_index_fini(&ix);
}

TEST(the_table_follows_the_number)
{
    struct sio_index ix;
    name_items();
    sio_index_init(&ix, key_of);
    for (int i = 0; i < KEYS; i++) {
        sio_index_add(&ix, &items[i].node);
        CHECK(ix.cap <= 8 || ix.cap < 2 * ix.count);
    }
    CHECK_EQ_INT(ix.cap, 512);
    for (int i = 0; i < KEYS; i++)
        sio_index_remove(&ix, &items[i].node);
    CHECK_EQ_INT(ix.cap, 8);
    sio_index_fini(&ix);
}
