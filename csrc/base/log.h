// SPDX-License-Identifier: MIT
/* The log: levels, one line per event on stderr, as text for people or as JSON for programs.
 *
 * Messages never carry a client's text as a format string. Whatever bytes a message has, a line
 * stays one line: control characters are escaped, and lines of a text follow indented. Short client
 * text is printed with sio_log_text, which cuts it at 64 bytes.
 *
 * A reader who has gone, a full disk or a reader who does not read cost lines, never more: they are
 * counted, and the count is logged when lines can be written again (log_out.h).
 *
 * Owns: copies of what is kept. Errors: none; a line that cannot be written is lost.
 * Reenters: only into the sink and the tee, which may not log. Thread: loop.
 */
#ifndef SIO_BASE_LOG_H
#define SIO_BASE_LOG_H

#include <stdint.h>

#include "base/slice.h"

enum sio_log_level { SIO_LOG_DEBUG, SIO_LOG_INFO, SIO_LOG_WARN, SIO_LOG_ERROR, SIO_LOG_OFF };

/* AUTO: TEXT on a terminal, JSON elsewhere. */
enum sio_log_format { SIO_LOG_AUTO, SIO_LOG_TEXT, SIO_LOG_JSON };

enum {
    SIO_LOG_LINE_MAX = 4096, /* bytes of a line with its newline; the rest is cut */
    SIO_LOG_FIELDS_MAX =
        2048,               /* bytes of a line that its fields may take; the others are left out */
    SIO_LOG_KINDS_MAX = 64, /* kinds of limited lines that are remembered; more: the oldest goes */
    SIO_LOG_QUIET_MS = 10000,
    SIO_LOG_TEXT_MAX = 64,  /* bytes of client text that are shown */
    SIO_LOG_KEEP_MAX = 1000 /* lines that sio_log_keep may keep */
};

/* ---- lines ----------------------------------------------------------------------------------- */

void sio_log(enum sio_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* At most one line per ten seconds and `key` (a static string). How many were held back is said by
 * the next one, or by a line of its own when none comes (sio_log_tick). For what a hostile peer
 * could otherwise repeat without end. */
void sio_log_limited(enum sio_log_level level, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Whom a line is about; NULL: not known. */
struct sio_log_about {
    const char *sid;
    const char *ip;
};
/* sio_log_limited with fields. */
void sio_log_about(enum sio_log_level level, const char *key, struct sio_log_about about,
                   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* One more member of a line: name=value as text. Values that are `json` are valid JSON. */
struct sio_log_field {
    struct sio_slice name, value;
    bool json;
};
void sio_log_write(enum sio_log_level level, struct sio_slice message,
                   const struct sio_log_field *fields, size_t n);
/* The same for what may repeat: at most `burst` lines per ten seconds and `kind`, whole. */
void sio_log_repeated(enum sio_log_level level, uint64_t kind, unsigned burst,
                      struct sio_slice message, const struct sio_log_field *fields, size_t n);
/* Whatever the level: `plain` alone on a line of text, or message and fields as JSON. */
void sio_log_announce(enum sio_log_level level, struct sio_slice plain, struct sio_slice message,
                      const struct sio_log_field *fields, size_t n);

/* Printable form of client text in a static ring of four buffers; "..." ends what was cut. */
const char *sio_log_text(struct sio_slice s);

/* ---- settings -------------------------------------------------------------------------------- */

/* `line` is "[worker 2] text", without time, level and newline; valid during the call. */
typedef void (*sio_log_sink)(enum sio_log_level level, const char *line);

/* Makes the log's way out such that it cannot hold this process up, and the descriptors 0 to 2
 * open; what is held back is said at exit. Before anything else opens a descriptor. Idempotent. */
void sio_log_open(void);
/* The same for all that is printed to stdout and stderr: for processes that are ours alone. */
void sio_log_guard(void);
void sio_log_set_level(enum sio_log_level least);    /* SIO_LOG_INFO until set */
enum sio_log_level sio_log_least(void);              /* what was set */
void sio_log_set_format(enum sio_log_format format); /* SIO_LOG_TEXT until set */
bool sio_log_is_json(void);
void sio_log_set_sink(sio_log_sink sink); /* NULL: stderr */
void sio_log_set_worker(unsigned number); /* 0: this process is no worker */

/* Says what was held back and not said yet, once its ten seconds are over. Now and then. */
void sio_log_tick(void);
/* The same at once: before the process ends. */
void sio_log_finish(void);
/* Lines that could not be written so far. */
uint64_t sio_log_lost(void);

/* ---- the last lines -------------------------------------------------------------------------- */

/* Keeps the last `lines` lines, at most SIO_LOG_KEEP_MAX; 0: none, as it is until then. */
void sio_log_keep(unsigned lines);
/* The first line that is kept with a number above `after` (the first line kept has 1), without
 * newline and colours, in the format of the log; borrowed until the next line. Returns its number;
 * 0 when there is none. */
uint64_t sio_log_kept(uint64_t after, struct sio_slice *line);
/* Called after each line that was kept; may not log. NULL: nobody. */
void sio_log_set_tee(void (*tee)(void *ctx), void *ctx);

#endif
