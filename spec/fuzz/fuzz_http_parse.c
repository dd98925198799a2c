// SPDX-License-Identifier: MIT
/* Requests: however the input is cut, the same requests, bodies and errors come out; every field
 * lies inside its head; a head is what RFC 9112 allows, judged here a second time.
 */
#include "codec/http_parse.h"
#include "fuzz.h"

static bool inside(struct sio_slice part, struct sio_slice whole)
{
    return part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

static void check_head(const struct sio_http_request *r)
{
    unsigned hosts = 0;
    FUZZ_CHECK(r->head.len <= SIO_HTTP_HEAD_MAX && r->n_fields <= SIO_HTTP_HEADERS_MAX);
    for (size_t i = 0; i < r->head.len; i++) { /* CR and LF in pairs, no folding */
        bool lf = r->head.p[i] == '\n';
        FUZZ_CHECK(lf == (i > 0 && r->head.p[i - 1] == '\r'));
        FUZZ_CHECK(!lf || i + 1 == r->head.len || (r->head.p[i + 1] != ' '));
        FUZZ_CHECK(r->head.p[i] != '\0');
    }
    FUZZ_CHECK(memmem(r->head.p, r->head.len, "\r\n\r\n", 4) == r->head.p + r->head.len - 4);
    FUZZ_CHECK(inside(r->method, r->head) && inside(r->target, r->head));
    FUZZ_CHECK(r->query.len == 0 || inside(r->query, r->target));
    FUZZ_CHECK(r->path.len > 0);
    FUZZ_CHECK(!(r->upgrade && r->has_body));
    for (size_t i = 0; i < r->n_fields; i++) {
        FUZZ_CHECK(inside(r->fields[i].name, r->head) && r->fields[i].name.len > 0);
        FUZZ_CHECK(r->fields[i].value.len == 0 || inside(r->fields[i].value, r->head));
        hosts += sio_slice_eq_nocase(r->fields[i].name, SIO_LIT("host"));
    }
    FUZZ_CHECK(hosts == 1 || (hosts == 0 && r->minor == 0));
}

static void tell_head(struct sio_buf *story, const struct sio_http_request *r)
{
    check_head(r);
    sio_buf_append_slice(story, SIO_LIT("\nHEAD "));
    sio_buf_append_slice(story, r->head);
    sio_buf_printf(story, "%d%d%d%d %zu ", r->keep_alive, r->upgrade, r->expect_continue,
                   r->has_body, r->n_fields);
    sio_buf_append_slice(story, r->path);
    for (size_t i = 0; i < r->n_fields; i++) {
        sio_buf_append_slice(story, r->fields[i].name);
        sio_buf_append_char(story, '=');
        sio_buf_append_slice(story, r->fields[i].value);
    }
    sio_buf_append_slice(story, SIO_LIT("\nBODY "));
}

/* False after an error. */
static bool feed(struct sio_http_parser *p, struct sio_slice in, struct sio_buf *story)
{
    for (;;) {
        switch (sio_http_parse(p, &in)) {
        case SIO_HTTP_MORE:
            FUZZ_CHECK(in.len == 0);
            return true;
        case SIO_HTTP_HEAD:
            tell_head(story, &p->request);
            break;
        case SIO_HTTP_BODY:
            FUZZ_CHECK(p->body.len > 0);
            sio_buf_append_slice(story, p->body);
            break;
        case SIO_HTTP_END:
            FUZZ_CHECK(p->spans == NULL && p->head.p == NULL);
            sio_buf_append_slice(story, SIO_LIT("\nEND"));
            break;
        case SIO_HTTP_ERROR:
            sio_buf_printf(story, "\nERROR %d", p->status);
            return false;
        }
    }
}

static struct sio_buf tell(struct sio_slice input, uint32_t seed)
{
    struct sio_http_parser p;
    struct sio_buf story = {0};
    struct fuzz_cut cut = {input, seed};
    struct sio_slice piece;
    bool alive = true;
    sio_http_parser_init(&p);
    while (alive && fuzz_next(&cut, &piece)) {
        alive = feed(&p, piece, &story);
        free((char *)piece.p);
    }
    sio_http_parser_fini(&p);
    return story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice input = sio_slice(data, size);
    struct sio_buf whole = tell(input, 0);
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct sio_buf cut = tell(input, seed == 1 ? 1 : seed * 7919 + (uint32_t)size);
        FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
        sio_buf_fini(&cut);
    }
    sio_buf_fini(&whole);
    return 0;
}
