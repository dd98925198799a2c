// SPDX-License-Identifier: MIT
/* Private to net/http_*.c: what an HTTP connection is.
 *
 * Two things run side by side, and the next request begins when both are through: the answer
 * (`answered`), and the intake:
 *
 *     HEAD ──no body─────────────────────────────► DONE
 *     HEAD ──a body──► HELD ──accept──► BODY ──end──► DONE      (HELD lasts while somebody decides)
 *                      HELD, BODY ──respond──► DRAIN ──end──► DONE
 *
 * DONE and answered: HEAD again. In front of it all, with `proxy_protocol`: GREETING. An answer in
 * pieces (`streaming`, only from DONE) is answered from its begin on, and through at its end.
 *
 * Owns: parser, buffers. Errors: none of its own. Reenters: as
 * http_conn.h says; after every call to an event `gone` has to be looked at.
 */
#ifndef SIO_NET_HTTP_IN_H
#define SIO_NET_HTTP_IN_H

#include "net/http_conn.h"

enum sio_http_intake {
    SIO_HTTP_INTAKE_HEAD,     /* between requests or in a head */
    SIO_HTTP_INTAKE_HELD,     /* a body follows, and nobody has said what shall become of it */
    SIO_HTTP_INTAKE_BODY,     /* being collected */
    SIO_HTTP_INTAKE_DRAIN,    /* being thrown away, for the answer is out */
    SIO_HTTP_INTAKE_DONE,     /* read to its end */
    SIO_HTTP_INTAKE_GREETING, /* the proxy's header, before the first request */
};

struct sio_http_conn {
    struct sio_list link; /* in the server's conns */
    struct sio_http_server *server;
    struct sio_conn *stream;
    const struct sio_http_handler *handler; /* while a request is accepted and unanswered, or
                                             * its answer is streaming */
    void *self;
    struct sio_http_parser parser;
    struct sio_buf pending;        /* received and not parsed */
    struct sio_slice in;           /* while running: what the parser has not taken */
    struct sio_buf body;           /* of which ... */
    struct sio_slice part;         /* ... this, the last piece, still lies in the input */
    struct sio_http_fields *added; /* for the answer to the current request; NULL: none */
    size_t max_body;               /* bytes; in DRAIN: how many more are thrown away */
    uint64_t content_length; /* of the current request; streaming: bytes of the answer that are
                              * not written yet, SIO_HTTP_CHUNKED or SIO_HTTP_UNTIL_CLOSE */
    uint64_t deadline_ms;    /* 0: none */
    size_t unread; /* bytes unsent when the sweep last looked at an answer that is not taken */
    union {
        struct sio_task resume;
        struct sio_grave grave;
    } end;
    unsigned hops;
    uint8_t intake;
    bool running : 1;       /* feed is on the stack */
    bool answered : 1;      /* the current request */
    bool streaming : 1;     /* its answer is written in pieces */
    bool mute : 1;          /* streaming: the answer has no body, whatever is written */
    bool head_only : 1;     /* it is a HEAD request */
    bool old : 1;           /* it is HTTP/1.0: no chunks */
    bool has_body : 1;      /* it has one */
    bool keep_alive : 1;    /* the connection may go on after it */
    bool want_continue : 1; /* the client waits for 100 before it sends the body */
    bool idle : 1;          /* nothing of the next request has arrived */
    bool gone : 1; /* closed, upgraded or released: only memory until the end of the tick */
};

/* http_conn.c */
void sio_http_conn_open(struct sio_http_server *s, struct sio_conn *stream,
                        const struct sio_arrival *a);
extern const struct sio_conn_events sio_http_conn_events;
/* From here on it speaks HTTP; `bytes` were read already. */
void sio_http_conn_begin(struct sio_http_conn *c, struct sio_slice bytes);
/* The server closes: idle ones and those that have not sent a whole request go now. */
void sio_http_conn_close(struct sio_http_conn *c);
/* Tells the handler, if there is one, and forgets it. */
void sio_http_conn_tell_gone(struct sio_http_conn *c, int err);
/* Answers `status` without a body, ends the connection, and tells the handler `err`. */
void sio_http_conn_refuse(struct sio_http_conn *c, int status, int err);
/* Ends the connection once its answers are written. */
void sio_http_conn_finish(struct sio_http_conn *c);
/* Ends it now, so that nobody takes this for the end of a body, and nothing of it waits in the
 * kernel for a client that does not read. */
void sio_http_conn_reset(struct sio_http_conn *c);
/* After an answer: on to the next request, when the current one was read to its end. */
void sio_http_conn_next(struct sio_http_conn *c);
void sio_http_conn_expire(struct sio_http_conn *c); /* its deadline is over */
/* Nothing of a request is there: may be closed without a word. */
bool sio_http_conn_quiet(const struct sio_http_conn *c);
void sio_http_conn_set_deadline(struct sio_http_conn *c, uint64_t timeout_ms);
void sio_http_conn_free(void *c);

/* http_greeting.c: waits for the proxy's header, then begins. */
void sio_http_conn_greet(struct sio_http_conn *c);
void sio_http_conn_greet_late(struct sio_http_conn *c); /* its deadline is over */

/* http_quota.c: counts the connection for its client's address. False: it has too many. */
bool sio_http_conn_admit(struct sio_http_conn *c);

/* http_server.c: forgets the connection; the stream is the caller's to close, finish or keep. */
void sio_http_conn_drop(struct sio_http_conn *c);

/* Goes on with what has arrived, after a decision that came late. */
void sio_http_conn_resume(struct sio_http_conn *c);

/* http_reply.c: queues a head; `added` may be NULL. SIO_EINVAL when it cannot be written. */
int sio_http_reply_head(struct sio_http_server *s, struct sio_conn *stream, int status,
                        const struct sio_http_response *r, const struct sio_http_fields *added,
                        uint64_t body_len, bool keep_alive);
/* Whether the connection can carry another request after this answer. */
bool sio_http_reply_may_go_on(const struct sio_http_conn *c, const struct sio_http_response *r);
bool sio_http_reply_has_body(const struct sio_http_conn *c, int status);

/* http_stream.c: the writer of a streamed answer may go on. */
void sio_http_stream_drained(struct sio_http_conn *c);

#endif
