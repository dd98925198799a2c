// SPDX-License-Identifier: MIT
/* Where lines of the log go: stderr, in a way that cannot hold the process up.
 *
 * A pipe or a terminal is opened once more for ourselves, without blocking: the flag of the
 * inherited descriptor belongs to everybody who has it. Where that is refused, as with another
 * user's pipe, it is asked for room before each line. A socket is asked not to block with each
 * message. A line that finds a pipe full waits SIO_LOG_PATIENCE_MS for a reader who is only slow;
 * after one that waited in vain, none waits until lines get through again.
 *
 * Owns: its descriptor. Errors: false; counted. Reenters: no. Thread: loop.
 */
#ifndef SIO_BASE_LOG_OUT_H
#define SIO_BASE_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIO_LOG_PATIENCE_MS = 50 };

void sio_log_out_open(void);  /* see sio_log_open */
void sio_log_out_guard(void); /* see sio_log_guard */
/* One line, whole with its newline, at most 4096 bytes. */
bool sio_log_out_write(const char *line, size_t len);
uint64_t sio_log_out_lost(void); /* lines so far */
int sio_log_out_why(void);       /* errno of the last one that was lost */
bool sio_log_out_tty(void);

#endif
