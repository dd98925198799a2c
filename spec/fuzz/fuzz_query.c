// SPDX-License-Identifier: MIT
/* Query strings: the pairs lie in the query and in order, `get` finds the last of a name, decoding
 * never grows and leaves what has no escape alone.
 */
#include "codec/query.h"
#include "fuzz.h"

static struct sio_buf decoded(struct sio_slice raw)
{
    struct sio_buf b = {0};
    sio_query_decode(&b, raw);
    FUZZ_CHECK(b.len <= raw.len);
    if (raw.len == 0 || (!memchr(raw.p, '%', raw.len) && !memchr(raw.p, '+', raw.len)))
        FUZZ_SAME(sio_buf_slice(&b), raw);
    return b;
}

/* The last value whose decoded name is `name`, found the plain way. */
static struct sio_slice last_of(struct sio_slice query, struct sio_slice name)
{
    struct sio_slice key, value, found = {0};
    while (sio_query_next(&query, &key, &value)) {
        struct sio_buf k = decoded(key);
        if (sio_slice_eq(sio_buf_slice(&k), name))
            found = value;
        sio_buf_fini(&k);
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice query = fuzz_copy(sio_slice(data, size)), rest = query, name, value;
    const char *at = query.p;
    while (sio_query_next(&rest, &name, &value)) {
        struct sio_buf key = decoded(name), text = decoded(value);
        struct sio_slice found = sio_query_get(query, sio_buf_slice(&key));
        FUZZ_CHECK(name.p >= at && value.p >= name.p && value.p + value.len <= query.p + size);
        FUZZ_CHECK(name.len + value.len > 0 || (name.p < query.p + size && *name.p == '='));
        FUZZ_CHECK(name.len == 0 || !memchr(name.p, '=', name.len));
        FUZZ_CHECK(value.len == 0 || !memchr(value.p, '&', value.len));
        FUZZ_CHECK(found.p != NULL && found.p >= value.p);
        FUZZ_CHECK(found.p == last_of(query, sio_buf_slice(&key)).p);
        at = value.p + value.len;
        sio_buf_fini(&key);
        sio_buf_fini(&text);
    }
    FUZZ_CHECK(rest.len == 0);
    free((char *)query.p);
    return 0;
}
