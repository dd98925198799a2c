// SPDX-License-Identifier: MIT
/* JSONP bodies. Stands on json and query; the engine's polling calls it.
 *
 * What comes from the client and goes into a script is a number, so nothing else can get there.
 */
#include "codec/eio_jsonp.h"

#include "base/err.h"
#include "codec/json.h"
#include "codec/query.h"

uint32_t eio_jsonp_number(struct sio_slice text)
{
    uint32_t number = 0;
    size_t digits = 0;
    for (size_t i = 0; i < text.len && digits < EIO_JSONP_DIGITS_MAX; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            continue;
        number = number * 10 + (uint32_t)(text.p[i] - '0');
        digits++;
    }
    return number;
}

/* Appends `text` with U+2028 and U+2029 as escapes; they are e2 80 a8 and e2 80 a9. */
static void append_script(struct sio_buf *out, struct sio_slice text)
{
    const char *hit;
    while (text.len > 2 && (hit = memmem(text.p, text.len - 1, "\xe2\x80", 2)) != NULL) {
        size_t before = (size_t)(hit - text.p);
        unsigned char last = (unsigned char)hit[2];
        sio_buf_append(out, text.p, before);
        if (last == 0xa8 || last == 0xa9)
            sio_buf_printf(out, "\\u20%02x", last - 0xa8u + 0x28u);
        else
            sio_buf_append(out, hit, 3);
        text = sio_slice_from(text, before + 3);
    }
    sio_buf_append_slice(out, text);
}

void eio_jsonp_append(struct sio_buf *out, uint32_t number, struct sio_slice payload)
{
    struct sio_buf json = {0};
    sio_json_append_text(&json, payload);
    sio_buf_printf(out, "___eio[%u](", (unsigned)number);
    append_script(out, sio_buf_slice(&json));
    sio_buf_append(out, ");", 2);
    sio_buf_fini(&json);
}

/* Forms turn line ends into CR LF, so clients write a line end as \n, and \n as \\n. */
static void append_unescaped(struct sio_buf *out, struct sio_slice s)
{
    const char *hit;
    while (s.len > 1 && (hit = memchr(s.p, '\\', s.len - 1)) != NULL) {
        size_t before = (size_t)(hit - s.p), left = s.len - before, taken = 1;
        sio_buf_append(out, s.p, before);
        if (hit[1] == 'n') {
            sio_buf_append_char(out, '\n');
            taken = 2;
        } else if (left > 2 && hit[1] == '\\' && hit[2] == 'n') {
            sio_buf_append(out, "\\n", 2);
            taken = 3;
        } else {
            sio_buf_append_char(out, '\\');
        }
        s = sio_slice_from(s, before + taken);
    }
    sio_buf_append_slice(out, s);
}

int eio_jsonp_decode(struct sio_buf *out, struct sio_slice form)
{
    struct sio_slice raw = sio_query_get(form, SIO_LIT("d"));
    struct sio_buf plain = {0};
    if (raw.p == NULL)
        return SIO_EPROTO;
    sio_query_decode(&plain, raw);
    append_unescaped(out, sio_buf_slice(&plain));
    sio_buf_fini(&plain);
    return 0;
}
