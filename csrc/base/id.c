// SPDX-License-Identifier: MIT
/* Ids that say where they live. Stands on getrandom(2); engine and sio call it, in the loop's
 * thread.
 *
 * 12 random bytes are exactly 16 characters and 24 bits of place exactly 4, so the alphabet of
 * base64url (RFC 4648 §5) serves both without padding.
 */
#include "base/id.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { ID_RANDOM_BYTES = 12 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void sio_random(void *out, size_t len)
{
    char *p = out;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
}

/* Three bytes' worth of bits as four characters. */
static void put24(char out[4], uint32_t bits)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = alphabet[bits >> (18 - 6 * i) & 63];
}

void sio_id_suffix(struct sio_place where, char out[SIO_ID_PLACE_LEN + 1])
{
    put24(out, (uint32_t)(where.slot % SIO_WORKERS_MAX) << 18 |
                   (where.generation & SIO_GENERATION_MASK));
    out[SIO_ID_PLACE_LEN] = '\0';
}

/* Random bytes for ids that nobody has seen yet: a system call for each id costs more than all else
 * about it. Given out, they are wiped here. */
struct pool {
    size_t left;
    unsigned char bytes[340 * ID_RANDOM_BYTES]; /* a page */
};

/* In memory that a fork finds empty, so that no two processes have the same bytes. NULL where the
 * system has no such memory. */
static struct pool *make_pool(void)
{
#ifdef MADV_WIPEONFORK
    struct pool *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED && madvise(p, sizeof *p, MADV_WIPEONFORK) == 0)
        return p;
    if (p != MAP_FAILED)
        munmap(p, sizeof *p);
#endif
    return NULL;
}

/* The pool is the process's, like the hash key of map.c and not like what a loop owns: bytes that
 * nobody has seen belong to no server, and who makes ids is one thread, for a process has one loop
 * and libuv's pool makes none. Two loops in one thread may take turns with it. */
static void draw(unsigned char out[ID_RANDOM_BYTES])
{
    static struct pool *pool;
    static bool tried;
    if (!tried)
        pool = make_pool();
    tried = true;
    if (pool == NULL) {
        sio_random(out, ID_RANDOM_BYTES);
        return;
    }
    if (pool->left == 0) {
        sio_random(pool->bytes, sizeof pool->bytes);
        pool->left = sizeof pool->bytes;
    }
    pool->left -= ID_RANDOM_BYTES;
    memcpy(out, pool->bytes + pool->left, ID_RANDOM_BYTES);
    memset(pool->bytes + pool->left, 0, ID_RANDOM_BYTES);
}

void sio_id_new(struct sio_place where, char out[SIO_ID_LEN + 1])
{
    unsigned char random[ID_RANDOM_BYTES];
    draw(random);
    for (unsigned i = 0; i < 4; i++) {
        const unsigned char *r = random + 3 * i;
        put24(out + 4 * i, (uint32_t)r[0] << 16 | (uint32_t)r[1] << 8 | r[2]);
    }
    sio_id_suffix(where, out + SIO_ID_LEN - SIO_ID_PLACE_LEN);
}

/* -1 for a character that is not url-safe. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

int sio_id_suffix_place(struct sio_slice id, struct sio_place *out)
{
    uint32_t bits = 0;
    if (id.len < SIO_ID_PLACE_LEN)
        return SIO_EINVAL;
    for (size_t i = id.len - SIO_ID_PLACE_LEN; i < id.len; i++) {
        int v = value_of(id.p[i]);
        if (v < 0)
            return SIO_EINVAL;
        bits = bits << 6 | (uint32_t)v;
    }
    *out = (struct sio_place){.slot = bits >> 18, .generation = bits & SIO_GENERATION_MASK};
    return 0;
}

int sio_id_place(struct sio_slice id, struct sio_place *out)
{
    if (id.len != SIO_ID_LEN)
        return SIO_EINVAL;
    for (size_t i = 0; i < SIO_ID_LEN; i++)
        if (value_of(id.p[i]) < 0)
            return SIO_EINVAL;
    return sio_id_suffix_place(id, out);
}
