// SPDX-License-Identifier: MIT
/* The log: levels, one sink, stderr unless replaced.
 *
 * Messages never carry a client's text as a format string; values from clients are printed with
 * sio_log_text, which cuts them at 64 bytes and escapes control characters.
 *
 * Owns: nothing but the copied tag. Errors: none; a line that cannot be written is lost.
 * Reenters: only into the sink, which may not log. Thread: loop.
 */
#ifndef SIO_BASE_LOG_H
#define SIO_BASE_LOG_H

#include "base/slice.h"

enum sio_log_level { SIO_LOG_DEBUG, SIO_LOG_INFO, SIO_LOG_WARN, SIO_LOG_ERROR, SIO_LOG_OFF };

enum {
    SIO_LOG_LINE_MAX = 4096, /* bytes of a line with its newline; the rest is cut */
    SIO_LOG_TAG_MAX = 32,
    SIO_LOG_KEYS_MAX =
        64, /* keys of sio_log_limited that are remembered; beyond, the oldest goes */
    SIO_LOG_QUIET_MS = 10000,
    SIO_LOG_TEXT_MAX = 64, /* bytes of client text that are shown */
};

/* `line` is "[tag] text", without time, level and newline; valid during the call. */
typedef void (*sio_log_sink)(enum sio_log_level level, const char *line);

/* The default sink writes "HH:MM:SS.mmm level [tag] text", local time, one write(2) per line. */
void sio_log(enum sio_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* At most one line per ten seconds and `key` (a static string); the next one says how many were
 * held back. For what a hostile peer could otherwise repeat without end. */
void sio_log_limited(enum sio_log_level level, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sio_log_set_level(enum sio_log_level least); /* SIO_LOG_INFO until set */
void sio_log_set_sink(sio_log_sink sink);         /* NULL: stderr */
void sio_log_set_tag(const char *tag); /* copied; e.g. "worker 2" in front of each line */
/* Printable form of client text in a static ring of four buffers; "..." ends what was cut. */
const char *sio_log_text(struct sio_slice s);

#endif
