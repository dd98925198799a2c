// SPDX-License-Identifier: MIT
/* The works, by the names of the command line. Each opens its clients, measures, checks, prints.
 *
 * Owns:     what it opens, until it returns.
 * Errors:   one wrong reply fails the run.
 * Reenters: no.
 */
#ifndef LOAD_WORKS_H
#define LOAD_WORKS_H

#include "options.h"

void load_work_ack(const struct load_options *options);
void load_work_broadcast(const struct load_options *options);
void load_work_busy(const struct load_options *options);
void load_work_connect(const struct load_options *options);
void load_work_idle(const struct load_options *options);
void load_work_polling(const struct load_options *options);

#endif
