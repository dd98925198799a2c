// SPDX-License-Identifier: MIT
/* One line of the log, as text or as JSON. Pure; private to the log and its tests.
 *
 *     12:34:56.789 warn [worker 2] message name=value (3 more held back)
 *     {"ts":"2026-01-02T11:34:56.789Z","level":"warn","worker":2,"pid":71,"msg":"message",
 *      "name":"value","suppressed":3}                                     (on one line)
 *
 * Owns: nothing. Errors: none; what has no room is cut between two characters, and a cut message
 * ends with "...". Reenters: no.
 */
#ifndef SIO_BASE_LOG_LINE_H
#define SIO_BASE_LOG_LINE_H

#include "base/log.h"

struct sio_log_line {
    enum sio_log_level level;
    uint64_t wall_ms;
    unsigned worker; /* 0: none */
    int pid;
    unsigned suppressed; /* lines of this kind that were held back before */
    struct sio_slice message;
    const struct sio_log_field *fields;
    size_t n_fields;
};

/* Both write at most SIO_LOG_LINE_MAX - 1 bytes and a NUL; neither writes a newline at the end. */
size_t sio_log_line_text(const struct sio_log_line *l, bool stamp, bool colours,
                         char out[SIO_LOG_LINE_MAX]);
size_t sio_log_line_json(const struct sio_log_line *l, char out[SIO_LOG_LINE_MAX]);
/* Text that stands alone on a line: no level, no time. */
size_t sio_log_line_plain(struct sio_slice text, char out[SIO_LOG_LINE_MAX]);

#endif
