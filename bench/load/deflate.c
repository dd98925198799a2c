// SPDX-License-Identifier: MIT
/* zlib both ways. The reel deflates, the crowd inflates. */
#include "deflate.h"

#include "fail.h"

#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_BITS = 15, MEM_LEVEL = 8, TAIL_BYTES = 4, STEP_BYTES = 16 * 1024 };

static const uint8_t tail[TAIL_BYTES] = {0x00, 0x00, 0xff, 0xff}; /* RFC 7692 §7.2.1 */

struct load_inflater {
    z_stream z;
    struct load_bytes out;
};

void load_deflate(struct load_bytes *out, const void *p, size_t len)
{
    z_stream z = {0};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -WINDOW_BITS, MEM_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        load_fail("deflateInit2");
    size_t most = deflateBound(&z, len) + STEP_BYTES;
    z.next_in = (Bytef *)(uintptr_t)p; /* zlib does not write to it */
    z.avail_in = (uInt)len;
    z.next_out = load_bytes_reserve(out, most);
    z.avail_out = (uInt)most;
    if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in != 0)
        load_fail("deflate");
    out->len += most - z.avail_out - TAIL_BYTES;
    deflateEnd(&z);
}

static struct load_inflater *make(void)
{
    struct load_inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL || inflateInit2(&inflater->z, -WINDOW_BITS) != Z_OK)
        load_fail("no memory to inflate");
    return inflater;
}

static void feed(struct load_inflater *inflater, const uint8_t *p, size_t len)
{
    z_stream *z = &inflater->z;
    z->next_in = (Bytef *)(uintptr_t)p;
    z->avail_in = (uInt)len;
    do {
        z->next_out = load_bytes_reserve(&inflater->out, STEP_BYTES);
        z->avail_out = STEP_BYTES;
        int result = inflate(z, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR)
            load_fail("inflate: %s", z->msg != NULL ? z->msg : "the stream ended");
        inflater->out.len += STEP_BYTES - z->avail_out;
    } while (z->avail_out == 0);
}

void load_inflate(struct load_inflater **inflater, struct load_frame *frame)
{
    if (*inflater == NULL)
        *inflater = make();
    (*inflater)->out.len = 0;
    feed(*inflater, frame->payload, frame->len);
    feed(*inflater, tail, sizeof tail);
    frame->payload = (*inflater)->out.p;
    frame->len = (*inflater)->out.len;
    frame->deflated = false;
}

void load_inflater_free(struct load_inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->z);
    load_bytes_fini(&inflater->out);
    free(inflater);
}
