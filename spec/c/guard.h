// SPDX-License-Identifier: MIT
/* Input placed right before a PROT_NONE page, and input cut in every way; included by test.h.
 *
 * A read past the end of such input ends the test at once, without any sanitizer. A chunk of
 * test_feed_next lives in the same place as the one before it, as in the loop's shared read
 * buffer, so a parser that keeps a borrowed slice too long is seen.
 */
#ifndef SPEC_C_GUARD_H
#define SPEC_C_GUARD_H

struct test_guard {
    char *map;
    size_t map_len; /* without the guard page */
};

static inline void test_guard_init(struct test_guard *g, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g->map_len = (len + page) / page * page;
    g->map =
        mmap(NULL, g->map_len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->map == MAP_FAILED || mprotect(g->map + g->map_len, page, PROT_NONE) != 0) {
        perror("test_guard_init");
        abort();
    }
}

static inline void test_guard_fini(struct test_guard *g)
{
    munmap(g->map, g->map_len + (size_t)sysconf(_SC_PAGESIZE));
}

/* A copy of `s` that ends at the guard page; the copy before it is overwritten with 0xa5. */
static inline struct sio_slice test_guard_put(struct test_guard *g, struct sio_slice s)
{
    char *p = g->map + g->map_len - s.len;
    memset(g->map, 0xa5, g->map_len);
    if (s.len != 0)
        memcpy(p, s.p, s.len);
    return sio_slice(p, s.len);
}

/* One way of cutting an input: `n` chunks, the first of `first` bytes and the others of `step`. */
struct test_feed {
    struct sio_slice rest;
    size_t first, step; /* bytes */
    struct test_guard guard;
};

/* The next chunk; false when the input is used up. It overwrites the chunk before. */
static inline bool test_feed_next(struct test_feed *f, struct sio_slice *chunk)
{
    size_t n = f->first;
    if (f->rest.len == 0)
        return false;
    if (n > f->rest.len)
        n = f->rest.len;
    *chunk = test_guard_put(&f->guard, sio_slice(f->rest.p, n));
    f->rest = sio_slice_from(f->rest, n);
    f->first = f->step;
    return true;
}

typedef void (*test_feed_fn)(struct test_feed *f, void *arg);

static inline void test_feed_cut(struct sio_slice input, size_t first, size_t step,
                                 test_feed_fn run, void *arg)
{
    struct test_feed f = {.rest = input, .first = first, .step = step};
    test_guard_init(&f.guard, input.len);
    run(&f, arg);
    test_guard_fini(&f.guard);
}

/* Calls `run` with the input whole, split in two at every offset, and byte by byte. `run` makes a
 * new parser, feeds it all that test_feed_next gives and checks the result. */
static inline void test_feed_all(struct sio_slice input, test_feed_fn run, void *arg)
{
    test_context("whole");
    test_feed_cut(input, input.len, input.len, run, arg);
    for (size_t at = 1; at < input.len; at++) {
        test_context("split at %zu of %zu", at, input.len);
        test_feed_cut(input, at, input.len, run, arg);
    }
    test_context("byte by byte");
    test_feed_cut(input, 1, 1, run, arg);
    test_context("%s", "");
}

#endif
