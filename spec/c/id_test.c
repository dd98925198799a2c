// SPDX-License-Identifier: MIT
/* base/id: shape, place, and that ids do not repeat. */
#include "base/id.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/map.h"
#include "test.h"

TEST(twenty_url_safe_characters)
{
    char id[SIO_ID_LEN + 1];
    for (int i = 0; i < 1000; i++) {
        sio_id_new((struct sio_place){.slot = 5, .generation = 77}, id);
        CHECK_EQ_INT(strlen(id), SIO_ID_LEN);
        CHECK_EQ_INT(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     SIO_ID_LEN);
    }
}

TEST(carries_its_place)
{
    static const struct sio_place places[] = {
        {0, 0}, {1, 1}, {63, SIO_GENERATION_MASK}, {37, 123456}, {0, SIO_GENERATION_MASK}, {63, 0},
    };
    char id[SIO_ID_LEN + 1];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct sio_place back;
        sio_id_new(places[i], id);
        CHECK_EQ_INT(sio_id_place(sio_slice_str(id), &back), 0);
        CHECK_EQ_INT(back.slot, places[i].slot);
        CHECK_EQ_INT(back.generation, places[i].generation);
    }
}

TEST(generation_wraps)
{
    char id[SIO_ID_LEN + 1];
    struct sio_place back;
    sio_id_new((struct sio_place){.slot = 2, .generation = SIO_GENERATION_MASK + 6}, id);
    CHECK_EQ_INT(sio_id_place(sio_slice_str(id), &back), 0);
    CHECK_EQ_INT(back.slot, 2);
    CHECK_EQ_INT(back.generation, 5);
}

TEST(refuses_what_is_not_an_id)
{
    static const char *const bad[] = {
        "",
        "x",
        "__proto__",
        "AAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAA AAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAAAAAA\xff",
        "AAAAAAAAAAAAAAAAAA%0",
    };
    struct sio_place place;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(sio_id_place(sio_slice_str(bad[i]), &place), SIO_EINVAL);
}

TEST(a_hundred_thousand_are_distinct)
{
    enum { N = 100000 };
    char(*ids)[SIO_ID_LEN + 1] = malloc((size_t)N * sizeof *ids);
    struct sio_map seen = {0};
    REQUIRE(ids != NULL);
    for (size_t i = 0; i < N; i++) {
        sio_id_new((struct sio_place){0}, ids[i]);
        CHECK(sio_map_put(&seen, sio_slice(ids[i], SIO_ID_LEN), ids[i]) == NULL);
    }
    CHECK_EQ_INT(seen.count, N);
    sio_map_fini(&seen);
    free(ids);
}

static const struct sio_place here = {.slot = 1, .generation = 2};

static void id_of_a_fork(char out[SIO_ID_LEN + 1])
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        sio_id_new(here, out);
        _exit(write(ends[1], out, SIO_ID_LEN + 1) == SIO_ID_LEN + 1 ? 0 : 1);
    }
    CHECK_EQ_INT(read(ends[0], out, SIO_ID_LEN + 1), SIO_ID_LEN + 1);
    CHECK_EQ_INT(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
}

/* What was drawn ahead before the fork is nobody's twice. */
TEST(a_fork_has_ids_of_its_own)
{
    char first[SIO_ID_LEN + 1], theirs[SIO_ID_LEN + 1], ours[SIO_ID_LEN + 1];
    sio_id_new(here, first);
    id_of_a_fork(theirs);
    sio_id_new(here, ours);
    CHECK(strcmp(theirs, ours) != 0 && strcmp(theirs, first) != 0);
}

TEST(a_place_ends_any_id)
{
    char id[64] = "chosen-";
    struct sio_place back;
    sio_id_suffix((struct sio_place){.slot = 9, .generation = 4711}, id + 7);
    CHECK_EQ_INT(strlen(id), 7 + SIO_ID_PLACE_LEN);
    CHECK_EQ_INT(sio_id_suffix_place(sio_slice_str(id), &back), 0);
    CHECK_EQ_INT(back.slot, 9);
    CHECK_EQ_INT(back.generation, 4711);
    CHECK_EQ_INT(sio_id_suffix_place(sio_slice_str(id + 7), &back), 0);
    CHECK_EQ_INT(sio_id_suffix_place(sio_slice_str(id + 8), &back), SIO_EINVAL);
    CHECK_EQ_INT(sio_id_suffix_place(SIO_LIT("any.id"), &back), SIO_EINVAL);
}
