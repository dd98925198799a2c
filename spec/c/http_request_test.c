// SPDX-License-Identifier: MIT
/* codec/http_request: a copy of a head says the same when the original is gone. */
#include "codec/http_request.h"

#include "base/mem.h"
#include "test.h"

static struct sio_http_request *copy_of(const char *text)
{
    size_t len = strlen(text);
    char *bytes = sio_alloc(len);
    struct sio_slice in = sio_slice(bytes, len);
    struct sio_http_parser p;
    struct sio_http_request *copy;
    memcpy(bytes, text, len);
    sio_http_parser_init(&p);
    CHECK(sio_http_parse(&p, &in) == SIO_HTTP_HEAD);
    copy = sio_http_request_copy(&p.request);
    sio_http_parser_fini(&p);
    memset(bytes, 'x', len);
    sio_free(bytes);
    return copy;
}

TEST(a_copy_has_all_of_the_request)
{
    static const char head[] =
        "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nContent-Length: 3\r\n"
        "Connection: close\r\n\r\n";
    struct sio_http_request *r = copy_of(head);
    CHECK_SLICE(r->method, "POST");
    CHECK_SLICE(r->target, "/a?b=c");
    CHECK_SLICE(r->path, "/a");
    CHECK_SLICE(r->query, "b=c");
    CHECK(sio_slice_eq(r->head, sio_slice_str(head)));
    CHECK_EQ_INT(r->n_fields, 4);
    CHECK_SLICE(r->fields[0].name, "Host");
    CHECK_SLICE(r->fields[0].value, "x");
    CHECK_EQ_INT(r->fields[1].value.len, 0);
    CHECK_SLICE(sio_http_field(r, SIO_LIT("connection")), "close");
    CHECK(r->has_body && !r->keep_alive && r->content_length == 3 && r->minor == 1);
    sio_free(r);
}

TEST(a_path_that_is_not_in_the_head_is_kept)
{
    struct sio_http_request *r = copy_of("GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_SLICE(r->path, "/");
    CHECK_SLICE(r->query, "q");
    sio_free(r);
}

TEST(a_request_without_query)
{
    struct sio_http_request *r = copy_of("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_EQ_INT(r->query.len, 0);
    CHECK_SLICE(r->path, "/a");
    sio_free(r);
}
