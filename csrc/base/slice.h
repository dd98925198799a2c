// SPDX-License-Identifier: MIT
/* A borrowed run of bytes, passed by value.
 *
 * "Borrow on the way up": a slice owns nothing and must not outlive the tick in
 * which it was handed out. Not NUL-terminated. An empty slice may have p == NULL.
 */
#ifndef SIO_BASE_SLICE_H
#define SIO_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct sio_slice {
    const char *p;
    size_t len; /* bytes */
};

#define SIO_LIT(text) ((struct sio_slice){"" text, sizeof(text) - 1})

static inline struct sio_slice sio_slice(const void *p, size_t len)
{
    return (struct sio_slice){p, len};
}

static inline struct sio_slice sio_slice_str(const char *text)
{
    return (struct sio_slice){text, strlen(text)};
}

/* The bytes from `from` to the end; empty when `from` is past it. */
static inline struct sio_slice sio_slice_from(struct sio_slice s, size_t from)
{
    return from < s.len ? sio_slice(s.p + from, s.len - from) : sio_slice(s.p, 0);
}

static inline bool sio_slice_eq(struct sio_slice a, struct sio_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool sio_slice_starts(struct sio_slice s, struct sio_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

bool sio_slice_same_nocase(const char *a, const char *b, size_t len);

/* ASCII case is ignored, as for HTTP field names (RFC 9110 §5.1). */
static inline bool sio_slice_eq_nocase(struct sio_slice a, struct sio_slice b)
{
    return a.len == b.len && /* mostly lengths differ, and if not, the case is the usual one */
           (b.len == 0 || memcmp(a.p, b.p, b.len) == 0 || sio_slice_same_nocase(a.p, b.p, b.len));
}

#endif
