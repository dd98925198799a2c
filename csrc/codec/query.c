// SPDX-License-Identifier: MIT
/* Query strings. Stands on buf; the engine's handshake and the HTTP routes call it.
 *
 * Parameters stay where they are in the target; only a name that is percent-encoded is copied to
 * be compared. The last of several wins, as in upstream's parser.
 */
#include "codec/query.h"

bool sio_query_is_encoded(struct sio_slice raw)
{
    return raw.len != 0 &&
           (memchr(raw.p, '%', raw.len) != NULL || memchr(raw.p, '+', raw.len) != NULL);
}

/* Its place among the names; n: it is none of them. */
static size_t place_of(struct sio_slice key, const struct sio_slice *names, size_t n)
{
    size_t i = 0;
    while (i < n && !sio_slice_eq(key, names[i]))
        i++;
    return i;
}

void sio_query_pick(struct sio_slice query, const struct sio_slice *names, struct sio_slice *values,
                    size_t n)
{
    struct sio_buf decoded = {0};
    struct sio_slice key, value;
    for (size_t i = 0; i < n; i++)
        values[i] = sio_slice(NULL, 0);
    while (sio_query_next(&query, &key, &value)) {
        size_t i = place_of(key, names, n);
        if (i == n && sio_query_is_encoded(key)) {
            sio_buf_clear(&decoded);
            sio_query_decode(&decoded, key);
            i = place_of(sio_buf_slice(&decoded), names, n);
        }
        if (i < n)
            values[i] = value;
    }
    sio_buf_fini(&decoded);
}

struct sio_slice sio_query_get(struct sio_slice query, struct sio_slice name)
{
    struct sio_slice value;
    sio_query_pick(query, &name, &value, 1);
    return value;
}

/* -1 for a character that is no hexadecimal digit. */
static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void sio_query_decode(struct sio_buf *out, struct sio_slice raw)
{
    char *to = sio_buf_reserve(out, raw.len);
    for (size_t i = 0; i < raw.len; i++) {
        int high = -1, low = -1;
        if (raw.p[i] == '%' && raw.len - i > 2) {
            high = hex(raw.p[i + 1]);
            low = hex(raw.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = raw.p[i] == '+' ? ' ' : raw.p[i];
        }
        out->len++;
    }
}
