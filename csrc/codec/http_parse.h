// SPDX-License-Identifier: MIT
/* HTTP/1.1 requests through llhttp in strict mode (RFC 9112), incremental.
 *
 * The head is kept contiguous so that its fields are slices and so that a connection can be given
 * to another worker with the bytes already read. A head that arrives whole is parsed in place,
 * without a copy; one that is split is collected in `head`.
 *
 * On top of llhttp (http_head.h): exactly one Host for HTTP/1.1, versions 1.0 and 1.1 only, no
 * CONNECT, "chunked" as the only transfer coding, canonical digits in Content-Length, no '#' in the
 * target, CR only before LF and LF only behind CR, no body with an upgrade, at most
 * SIO_HTTP_HEADERS_MAX fields, at most SIO_HTTP_HEAD_MAX bytes.
 *
 * Owns: the parser owns a collected head and the field table; both are gone at SIO_HTTP_END.
 * Errors: SIO_HTTP_ERROR with a status, for good: nothing behind an error can be trusted.
 * Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_PARSE_H
#define SIO_CODEC_HTTP_PARSE_H

#include <llhttp.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/http_pool.h"

enum {
    SIO_HTTP_HEAD_MAX = 16384,  /* bytes of request line and fields; more is answered 431 */
    SIO_HTTP_HEADERS_MAX = 128, /* fields; more is answered 431 */
    /* Bytes of chunk sizes, extensions and trailers: HEAD_MAX, and this many for each byte of body
     * (a body in one-byte chunks needs 5); more is answered 413. */
    SIO_HTTP_FRAMING_PER_BYTE = 8,
};

struct sio_http_field {
    struct sio_slice name, value; /* name as sent; compare with sio_slice_eq_nocase */
};

/* Borrowed from the head: valid until the parser is fed again or finished. */
struct sio_http_request {
    struct sio_slice method, target;
    struct sio_slice path, query; /* parts of target, in absolute form too; query without '?', may
                                   * be empty; path "*" for OPTIONS * */
    unsigned minor;               /* HTTP/1.<minor> */
    const struct sio_http_field *fields; /* values without white space around them */
    size_t n_fields;
    struct sio_slice head; /* all bytes from the request line to the empty line */
    bool keep_alive;       /* as the client wishes it */
    bool upgrade;          /* Connection: upgrade and an Upgrade field; then no body */
    bool expect_continue;
    bool has_body;           /* Content-Length > 0 or chunked */
    uint64_t content_length; /* 0 when chunked or absent */
};

/*   START --head complete--> BODY | CHUNKED | END --END reported--> START
 *   CHUNKED --last chunk--> TRAILER --empty line--> START
 *   any --error--> FAILED, which is final                                   */
enum sio_http_state {
    SIO_HTTP_AT_START, /* between messages; holds no memory */
    SIO_HTTP_IN_HEAD,
    SIO_HTTP_IN_BODY,    /* body_left bytes to come */
    SIO_HTTP_IN_CHUNKED, /* llhttp says */
    SIO_HTTP_IN_TRAILER, /* fields behind the last chunk; read past */
    SIO_HTTP_AT_END,
    SIO_HTTP_FAILED,
};

struct sio_http_spans; /* where the fields lie, see http_parse.c */

struct sio_http_parser {
    struct sio_http_request request;
    struct sio_slice body; /* filled by SIO_HTTP_BODY; borrowed from the input */
    int status;            /* of an error: 400, 405, 413, 417, 431, 501, 505 */
    /* private */
    enum sio_http_state state;
    struct sio_http_pool *pool;   /* set it after init; NULL: nothing is kept */
    struct sio_http_spans *spans; /* while a head is read, given back at the next call */
    struct sio_buf head;          /* only while a head is split */
    uint64_t body_left;           /* bytes */
    int64_t framing_left;         /* bytes of chunk framing that are still allowed */
    bool after_cr;                /* the last byte of chunk framing was a CR */
    uint8_t trailer;              /* enum sio_http_trailer */
    llhttp_t llhttp;
};

enum sio_http_event {
    SIO_HTTP_MORE,  /* everything was taken; feed again */
    SIO_HTTP_HEAD,  /* parser->request is filled */
    SIO_HTTP_BODY,  /* parser->body is the next part of the body, de-chunked */
    SIO_HTTP_END,   /* the message is complete; the rest of the input is the next one's */
    SIO_HTTP_ERROR, /* parser->status; the connection must be closed after the answer */
};

void sio_http_parser_init(struct sio_http_parser *p);
void sio_http_parser_fini(struct sio_http_parser *p); /* frees and zeroes */
/* Takes bytes from the front of *in and reports one event. After HEAD, *in begins behind the head,
 * and request slices stay valid until the next call. Call again while it does not answer MORE.
 * After END the parser is ready for the next request (pipelining) or, for an upgrade, *in is the
 * other protocol's. */
enum sio_http_event sio_http_parse(struct sio_http_parser *p, struct sio_slice *in);
/* The value of the first field with this name; p == NULL when absent. */
struct sio_slice sio_http_field(const struct sio_http_request *r, struct sio_slice name);
/* Whether `s` is a token (RFC 9110 §5.6.2): a field's name, a protocol's. */
bool sio_http_is_token(struct sio_slice s);
/* Whether a list field of that name (e.g. Connection, Upgrade) has `token`, ignoring case. */
bool sio_http_field_has(const struct sio_http_request *r, struct sio_slice name,
                        struct sio_slice token);

#endif
