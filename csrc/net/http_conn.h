// SPDX-License-Identifier: MIT
/* HTTP/1.1 on connections: requests in order, one answered at a time, bodies collected up to a
 * limit, keep-alive, pipelining (the next request stays unparsed until the answer is with the
 * kernel, or at least queued when nothing follows), upgrade, and release of a connection that
 * another worker shall serve.
 *
 * A request's life: on_request with its head, then exactly one of
 *     sio_http_respond    answer at once; later only after sio_http_accept or sio_http_hold
 *     sio_http_accept     say who answers, and collect the body first; the handler answers, at once
 *                         or in pieces (http_stream.h)
 *     sio_http_hold       say who will do one of these later
 *     sio_http_upgrade    the connection changes protocol; later only after one of these two
 *     sio_http_release    the connection leaves with its bytes
 * A request that on_request leaves without any of them is answered 500. The request struct is valid
 * until on_request returns; sio_http_request_copy keeps it for longer.
 *
 * What the parser or a limit refuses is answered here: an empty body, Connection: close, then the
 * rest of what the client sends is thrown away until it has read the answer (sio_conn_finish).
 *
 * Thread: loop. Owns: connections until released, upgraded or closed; a conn that is gone stays in
 * memory until the end of the tick and ignores calls. Errors: through on_gone. Reenters: events may
 * do any of the above to any connection.
 */
#ifndef SIO_NET_HTTP_CONN_H
#define SIO_NET_HTTP_CONN_H

#include "codec/forwarded.h"
#include "codec/http_fields.h"
#include "codec/http_parse.h"
#include "codec/http_write.h"
#include "net/arrival.h"
#include "net/conn.h"

struct sio_http_conn;

enum {
    SIO_HTTP_PENDING_MAX = 65536, /* unparsed bytes; more, and reading stops until the answer */
    SIO_HTTP_DRAIN_MAX = 65536,   /* of a body nobody wanted; with more the connection is closed */
};

/* What answers one request. `self` must stay valid until on_body or on_gone was called. */
struct sio_http_handler {
    /* The whole body, borrowed; once. Not called after on_gone. May be NULL when there is none to
     * wait for. */
    void (*on_body)(void *self, struct sio_http_conn *c, struct sio_slice body);
    /* The connection went away (also: the client closed its half, or sent a malformed body,
     * answered 400 already), or the body was too large (413) or too slow (408), before
     * sio_http_respond, or before the end of a streamed answer. Once; `c` is gone. err:
     * SIO_ECLOSED, SIO_ETOOBIG, SIO_ETIMEDOUT. */
    void (*on_gone)(void *self, struct sio_http_conn *c, int err);
    /* A streamed answer may be written again; see http_stream.h. May be NULL without one. */
    void (*on_drain)(void *self, struct sio_http_conn *c);
};

struct sio_http_limits {
    uint64_t head_timeout_ms; /* from the accept or the first byte to the complete head, else 408;
                               * default 10000 */
    uint64_t body_timeout_ms; /* for the whole body, else 408; also: how long an answer may wait for
                               * a client that reads nothing of it; default 20000 */
    uint64_t keep_alive_timeout_ms; /* idle between requests; default 5000 */
    size_t max_connections; /* of the loop, upgraded ones too; beyond: 503 and close; default
                             * 250000 */
};

struct sio_http_server_events {
    void (*on_request)(void *owner, struct sio_http_conn *c, const struct sio_http_request *r);
};

struct sio_http_server {
    struct sio_loop *loop;
    struct sio_http_limits limits;
    const struct sio_trust *trust; /* whose word on a request's origin counts; NULL: nobody's */
    bool proxy_protocol;     /* every new connection begins with a PROXY header, from a trusted peer
                              * when there is `trust` */
    struct sio_quota *quota; /* NULL: no limits per address; its owner closes it */
    struct sio_tls_context *tls; /* NULL: plain */
    const struct sio_http_server_events *events;
    void *owner;
    struct sio_list conns;
    size_t n_conns;
    uv_timer_t sweep; /* one per server: closes what is past its deadline; period 1 s, less when a
                       * timeout is below 2 s; runs only while there are connections */
    struct sio_buf scratch; /* where response heads are built */
    bool dated;             /* answers carry the time (RFC 9110 §6.6.1), unless they have a Date */
    uint64_t date_until_ms; /* of the loop's time: `date` is out of date from then on */
    char date[SIO_HTTP_DATE_LINE_LEN + 1]; /* the field, and the empty line behind it */
    bool draining;                         /* every answer is the last of its connection */
    bool closing;
    sio_loop_fn on_closed;
    void *closed_ctx;
};

void sio_http_limits_default(struct sio_http_limits *l);
void sio_http_server_init(struct sio_http_server *s, struct sio_loop *loop,
                          const struct sio_http_limits *limits,
                          const struct sio_http_server_events *events, void *owner);
/* TLS for new connections from listeners, from now on, behind the PROXY header if there is one.
 * Takes its own reference; NULL: plain. */
void sio_http_server_set_tls(struct sio_http_server *s, struct sio_tls_context *tls);
/* Every answer is the last one of its connection from now on, and says so. Idempotent. */
void sio_http_server_drain(struct sio_http_server *s);
struct sio_http_count {
    size_t busy;  /* a request, or a part of one, is there, or its answer is not complete */
    size_t fresh; /* nothing has come yet; where the client has just connected, something will */
    size_t idle;  /* between requests */
};
struct sio_http_count sio_http_server_count(const struct sio_http_server *s);
/* Ends the connections that are not busy. */
void sio_http_server_end_quiet(struct sio_http_server *s);
/* Closes idle connections now and the others after their answer; on_closed (may be NULL) when the
 * sweep timer's handle is gone and `s` may be freed. */
void sio_http_server_close(struct sio_http_server *s, sio_loop_fn on_closed, void *ctx);
/* A new connection, from a listener or handed over; takes its descriptor. May call on_request
 * before it returns. */
void sio_http_server_adopt(struct sio_http_server *s, const struct sio_arrival *a);

struct sio_http_response {
    int status;
    const struct sio_http_field *fields; /* without Content-Length and Connection */
    size_t n_fields;
    struct sio_slice ready; /* status 200 and the same fields, none of them Date, as
                             * sio_http_write_ready_head has them; p == NULL: nobody wrote them */
    struct sio_slice body;  /* copied ... */
    struct sio_blob *blob;  /* ... or shared, from blob_from on (takes its own reference) */
    size_t blob_from;
    bool close; /* close after it */
};
/* Once per request. The body of a HEAD request is left out, its length kept. After a request whose
 * body was not wanted and is long, after one for an upgrade, and when the server closes, the
 * connection is closed. Errors: SIO_EINVAL: a field with CR, LF or NUL, or a status outside of
 * 200..999, and a 500 was sent instead; SIO_ECLOSED: answered already, or gone. */
int sio_http_respond(struct sio_http_conn *c, const struct sio_http_response *r);
/* Shorthand: status with a text body (may be NULL). */
void sio_http_respond_text(struct sio_http_conn *c, int status, const char *type, const char *body);

/* Registers who answers, and collects the body (100 Continue is sent when expected). Without a body
 * and with on_body set, on_body is called with an empty slice before this returns; with a
 * Content-Length above max_body, on_gone. */
void sio_http_accept(struct sio_http_conn *c, const struct sio_http_handler *h, void *self,
                     size_t max_body);
/* Registers who decides later: until then nothing of the body is read beyond SIO_HTTP_PENDING_MAX,
 * and no 100 Continue is sent. Of `h` only on_gone is called; it ends with the decision, which is
 * sio_http_respond, sio_http_upgrade or sio_http_accept with another handler. A client that leaves
 * is noticed while no more than SIO_HTTP_PENDING_MAX bytes of it wait. */
void sio_http_hold(struct sio_http_conn *c, const struct sio_http_handler *h, void *self);

/* From inside on_request, for one without a body: when there is no answer after timeout_ms, or up
 * to a second later, the connection is ended without one (on_gone, SIO_ETIMEDOUT). */
void sio_http_answer_within(struct sio_http_conn *c, uint64_t timeout_ms);

/* A field for the answer to the current request, whoever gives it: sio_http_respond, a limit that
 * refuses the body, or the 101, whose writer takes sio_http_added along. Gone with the request.
 * Errors: SIO_ECLOSED: gone, answered or no request; and those of sio_http_fields_add. */
int sio_http_add_field(struct sio_http_conn *c, struct sio_slice name, struct sio_slice value);
/* NULL when there are none; valid until the answer, after sio_http_upgrade until the end of the
 * tick. */
const struct sio_http_fields *sio_http_added(const struct sio_http_conn *c);

/* Cuts the connection without an answer; on_gone is not called. */
void sio_http_abort(struct sio_http_conn *c);

/* Gives up HTTP on this connection: returns it, with the bytes behind the head in *rest (valid
 * until the end of the current event). The http_conn is gone, on_gone is not called; the caller
 * sets the events of the stream before it returns to the loop, and writes the 101. NULL when the
 * connection is gone. */
struct sio_conn *sio_http_upgrade(struct sio_http_conn *c, struct sio_slice *rest);

/* For giving: descriptor and all unanswered bytes (head and what follows). Only from inside
 * on_request, where no byte of an earlier answer is left with us. `hops` counts for the first
 * request only. Then sio_http_release closes our copy silently (close(2), no shutdown). */
int sio_http_conn_fd(const struct sio_http_conn *c);
void sio_http_conn_bytes(const struct sio_http_conn *c, struct sio_buf *out);
unsigned sio_http_conn_hops(const struct sio_http_conn *c);
void sio_http_release(struct sio_http_conn *c);

struct sio_conn *sio_http_conn_stream(const struct sio_http_conn *c);
/* Where a request of this connection comes from: the connection's origin, corrected by what a
 * trusted proxy says in the request. False: nobody knows, as sio_conn_peer has it. */
bool sio_http_conn_origin(const struct sio_http_conn *c, const struct sio_http_request *r,
                          struct sio_origin *out);
/* The host that the client asked for, with its port if it named one; p == NULL: none. */
struct sio_slice sio_http_conn_host(const struct sio_http_conn *c,
                                    const struct sio_http_request *r);
/* Whether handshakes are counted. */
bool sio_http_conn_counts_shakes(const struct sio_http_conn *c);
/* Counts a handshake for the client's address. False: too many within a second, or whose it is is
 * not known. */
bool sio_http_conn_may_shake(const struct sio_http_conn *c, const struct sio_http_request *r);

#endif
