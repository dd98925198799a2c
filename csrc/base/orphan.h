// SPDX-License-Identifier: MIT
/* A limit for a process whose parent has died: it may still leave by itself, in its own way, but
 * not stay for ever. It needs no thread and no turn of the loop, so it also ends who computes
 * without end; not who is stopped (SIGSTOP), before it goes on.
 *
 * The kernel tells of the parent's end by a signal (PR_SET_PDEATHSIG), whose handler sets the
 * process's alarm, and the alarm's signal has its default action. Neither SIGALRM nor SIGRTMIN is
 * for anybody else then. Linux; elsewhere nothing happens.
 *
 * Owns: both signals of the process. Errors: none. Reenters: no. Thread: that of the loop.
 */
#ifndef SIO_BASE_ORPHAN_H
#define SIO_BASE_ORPHAN_H

/* From now on this process ends `seconds` (at least 1) after `parent` has, which may have been
 * before. Called again: with another limit. */
void sio_orphan_limit(int parent, unsigned seconds);

#endif
