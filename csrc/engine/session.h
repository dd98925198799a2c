// SPDX-License-Identifier: MIT
/* An Engine.IO session (upstream: engine Socket): sid, heartbeat, transport, upgrade, send queue.
 *
 *     OPEN ──close()──► CLOSING (polling without a pending GET: waits for one) ──► CLOSED
 *       └──────────────────────────any failure────────────────────────────────────► CLOSED
 *
 * Thread: loop. Owns: its transports and queue; freed at the end of the tick after CLOSED, and its
 * sid is unknown from CLOSED on. Errors: as stated. Reenters: events may send or close.
 */
#ifndef SIO_ENGINE_SESSION_H
#define SIO_ENGINE_SESSION_H

#include "base/buf.h"
#include "engine/message.h"

struct eio_session;
struct eio_server;

#define EIO_REASON_MAP(X)                                                                          \
    X(TRANSPORT_ERROR, "transport error")                                                          \
    X(TRANSPORT_CLOSE, "transport close")                                                          \
    X(FORCED_CLOSE, "forced close")                                                                \
    X(PING_TIMEOUT, "ping timeout")                                                                \
    X(PARSE_ERROR, "parse error")

enum eio_reason {
#define X(name, text) EIO_##name,
    EIO_REASON_MAP(X)
#undef X
};
const char *eio_reason_text(enum eio_reason r); /* upstream's words */

enum eio_state { EIO_STATE_OPEN, EIO_STATE_CLOSING, EIO_STATE_CLOSED };

struct eio_session_events {
    /* A message; `data` without the type digit. Not called after on_close or eio_session_close. */
    void (*on_message)(void *owner, struct eio_session *s, struct sio_slice data, bool binary);
    void (*on_upgrade)(void *owner, struct eio_session *s); /* now on websocket; may be NULL */
    /* Once, for every end of a session, also after eio_session_close; from the loop or from inside
     * eio_session_close when nothing has to be waited for. `detail` as in upstream, or NULL;
     * static. */
    void (*on_close)(void *owner, struct eio_session *s, enum eio_reason reason,
                     const char *detail);
    /* It was under pressure, and nothing waits for the client any more. May be NULL. */
    void (*on_drain)(void *owner, struct eio_session *s);
    /* It ends now because its worker goes away; on_close follows. May be NULL. */
    void (*on_leave)(void *owner, struct eio_session *s);
};

/* Until it is called, messages are dropped and nobody hears of the end. `events` outlives s. */
void eio_session_set_events(struct eio_session *s, const struct eio_session_events *events,
                            void *owner);
void *eio_session_owner(const struct eio_session *s);

enum { EIO_SID_MAX = 128 }; /* characters of a session's id, its place included */

enum { EIO_QUEUE_MESSAGES_MAX = 65536 }; /* waiting for one session's next poll */

enum eio_send_flag {
    EIO_VOLATILE = 1, /* drop all of it when something is queued or no poll is pending */
    EIO_PLAIN = 2,    /* eio_session_send_text: it is not to be compressed */
};

/* Queues n messages as a whole (a packet and its attachments); takes its own references. They
 * leave at the end of the tick.
 * Errors: SIO_ECLOSED; SIO_EAGAIN (volatile, dropped); SIO_EFULL: over max_buffered or
 * EIO_QUEUE_MESSAGES_MAX, or over high_water when slow readers are closed, nothing queued, the
 * session is closed with "transport error" at the end of the tick and takes nothing more until
 * then, one limited log line. Reenters: no. */
int eio_session_send(struct eio_session *s, const struct eio_msg *msgs, size_t n, unsigned flags);
/* The same for a text message, of valid UTF-8 in parts, that nobody else gets: a short one costs
 * less this way. */
int eio_session_send_text(struct eio_session *s, const struct sio_slice *parts, size_t n,
                          unsigned flags);

/* It will be sent something soon; see sio_conn_prefetch. */
void eio_session_prefetch(const struct eio_session *s);

/* Forced close. What is queued still goes out, with the goodbye behind it: at once on websocket or
 * when a GET is pending, else with the next GET, if that comes within close_timeout_ms and before
 * it would be a "ping timeout". No effect unless OPEN. Reenters: on_close. */
void eio_session_close(struct eio_session *s);
/* Ends it at once with another reason, telling the client (pending poll gets `1`, ws a close
 * frame). For a server that shuts down or a connection that a recovered one replaces. A session
 * that is CLOSING ends as "forced close" all the same, unless it is a "ping timeout".
 * Reenters: on_close. */
void eio_session_end(struct eio_session *s, enum eio_reason reason, const char *detail);

/* For a worker that goes away: ends it as soon as that cuts nothing, which is now or when a poll
 * comes, or else when this is called again. Polling has to have a GET that waits and no POST; no
 * upgrade and no message may be unfinished. What is queued goes out in front of the goodbye; with
 * polling alone, and the goodbye with the next GET. True: it has ended. Reenters: on_leave,
 * on_close. */
bool eio_session_leave(struct eio_session *s);
void eio_session_leave_now(struct eio_session *s);     /* whatever it cuts */
bool eio_session_leaving(const struct eio_session *s); /* and has not ended yet */

const char *eio_session_sid(const struct eio_session *s);       /* at most EIO_SID_MAX characters */
const char *eio_session_transport(const struct eio_session *s); /* "polling" | "websocket" */
enum eio_version eio_session_version(const struct eio_session *s); /* of the protocol */
enum eio_state eio_session_state(const struct eio_session *s);
size_t eio_session_buffered(const struct eio_session *s); /* bytes, frame heads included */
/* Too much waits for the client; on_drain says when it is over. */
bool eio_session_pressed(const struct eio_session *s);
/* The first request: its raw head (parse it with codec/http_parse), which is put together into
 * `out`, where there is room for its length; the client's address, and whether it came encrypted.
 */
size_t eio_session_request_len(const struct eio_session *s);
void eio_session_copy_request(const struct eio_session *s, char *out);
const char *eio_session_address(const struct eio_session *s);
bool eio_session_secure(const struct eio_session *s);
uint64_t eio_session_since_ms(const struct eio_session *s); /* wall clock */
/* All of these; borrowed from `out` and s. */
struct eio_first_request {
    struct sio_slice head;
    const char *address;
    uint64_t since_ms;
    bool secure;
};
struct eio_first_request eio_session_first_request(const struct eio_session *s, char *out);

#endif
