// SPDX-License-Identifier: MIT
/* What kinds of lines were logged lately, and how many of each were held back since.
 *
 * Private to the log and its tests. Times come in, so that the tests need no clock.
 *
 * Owns: the table. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_LOG_QUIET_H
#define SIO_BASE_LOG_QUIET_H

#include "base/log.h"

struct sio_quiet {
    uint64_t kind; /* 0: free */
    uint64_t since_ms;
    unsigned passed, held_back;
    enum sio_log_level level;
    char text[80]; /* how the kind's first line begins */
};

struct sio_quiets {
    struct sio_quiet table[SIO_LOG_KINDS_MAX];
};

/* Whether one more line of the kind may pass, `burst` in ten seconds. Then *before are those that
 * were held back and not told yet, and *forgotten a kind that had to make room with some of its
 * own untold (its kind is 0 otherwise). */
bool sio_quiets_pass(struct sio_quiets *q, uint64_t kind, unsigned burst, uint64_t now_ms,
                     unsigned *before, struct sio_quiet *forgotten);
/* What it is, for the line that says how many were held back; of the first one. */
void sio_quiets_describe(struct sio_quiets *q, uint64_t kind, enum sio_log_level level,
                         struct sio_slice message);
/* Takes out one that held some back and whose time is over by now_ms; false when there is none. */
bool sio_quiets_due(struct sio_quiets *q, uint64_t now_ms, struct sio_quiet *out);

#endif
