// SPDX-License-Identifier: MIT
/* Requests to responses: a server that answers everything, over a socket pair. However the input is
 * cut, the same statuses come out; what comes out is a sequence of whole responses, one for each
 * request that the application saw and at most one more, for the error that ends the connection.
 *
 * Stands on the application of the tests (spec/c/http_app.h).
 */
#define TEST_NO_MAIN
#include "../c/test.h"

#include "../c/net.h"
#include "../c/http_app.h"
#include "fuzz.h"

enum { TURNS = 4, BODY_MAX = 2000 };

/* By the first letter of the path: at once, after the body, never mind the body, with a field too
 * many. */
static void on_request(struct sio_http_conn *c, const struct sio_http_request *r)
{
    static const struct sio_http_field bad = {{"X", 1}, {"a\r\nb", 4}};
    char kind = r->path.len > 1 ? r->path.p[1] : '\0';
    FUZZ_CHECK(r->n_fields <= SIO_HTTP_HEADERS_MAX && r->head.len <= SIO_HTTP_HEAD_MAX);
    FUZZ_CHECK(!r->upgrade || !r->has_body);
    if (kind == 'x')
        sio_http_respond(c,
                         &(struct sio_http_response){.status = 200, .fields = &bad, .n_fields = 1});
    else if (kind == 'h')
        app_hello(c, r);
    else
        sio_http_accept(c, &app_handler, &app, BODY_MAX);
}

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        net_turn();
}

static const char *find(struct sio_slice s, const char *text)
{
    return memmem(s.p, s.len, text, strlen(text));
}

/* One response off the front of `in`; its status, or 0 when it is not whole. */
static int take_response(struct sio_slice *in, bool head_only)
{
    const char *end = in->len ? find(*in, "\r\n\r\n") : NULL, *field;
    struct sio_slice head;
    size_t length = 0;
    int status;
    if (end == NULL)
        return 0;
    head = sio_slice(in->p, (size_t)(end - in->p) + 4);
    FUZZ_CHECK(sio_slice_starts(head, SIO_LIT("HTTP/1.1 ")));
    status = atoi(head.p + 9);
    FUZZ_CHECK(status == 100 || (status >= 200 && status <= 505));
    field = find(head, "Content-Length: ");
    FUZZ_CHECK(status == 100 || (field != NULL && find(head, "\r\nConnection: ") != NULL));
    if (field != NULL && !head_only)
        length = strtoul(field + 16, NULL, 10);
    FUZZ_CHECK(in->len >= head.len + length);
    *in = sio_slice_from(*in, head.len + length);
    return status;
}

/* What the server did with the input: the methods that it saw, the statuses that it answered. */
static struct sio_buf tell(struct sio_slice input, uint32_t seed)
{
    struct fuzz_cut cut = {input, seed};
    struct sio_slice piece, got;
    struct sio_buf story = {0};
    struct peer p;
    unsigned answers = 0;
    const char *asked;
    app_open();
    app.on_request = on_request;
    app.on_body = app_echo;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    while (!p.ended && !p.reset && fuzz_next(&cut, &piece)) {
        ssize_t n = send(p.fd, piece.p, piece.len, MSG_NOSIGNAL);
        (void)n; /* the server may have ended it */
        free((char *)piece.p);
        turn();
    }
    turn();
    got = sio_buf_slice(&p.got);
    asked = app.asked.p;
    for (int status; got.len != 0;) {
        bool head_only = asked != NULL && strncmp(asked, "HEAD ", 5) == 0;
        status = take_response(&got, head_only);
        FUZZ_CHECK(status != 0);
        if (status == 100)
            continue;
        answers++;
        sio_buf_printf(&story, "%d ", status);
        if (asked != NULL && answers <= app.requests)
            asked = memchr(asked, ';', (size_t)(app.asked.p + app.asked.len - asked));
        if (asked != NULL)
            asked++;
    }
    FUZZ_CHECK(answers <= app.requests + 1);
    peer_fini(&p);
    app_close();
    FUZZ_CHECK(test_state.failures == 0);
    return story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_buf whole, cut;
    struct sio_slice input;
    if (size < 1)
        return 0;
    input = sio_slice(data + 1, size - 1);
    whole = tell(input, 0);
    cut = tell(input, data[0] == 0 ? 2 : data[0]);
    FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
    sio_buf_fini(&whole);
    sio_buf_fini(&cut);
    return 0;
}
