// SPDX-License-Identifier: MIT
/* The command line: what to do, to which server, how much of it.
 *
 * Owns:     nothing; strings borrow argv.
 * Errors:   an option that is unknown or out of range ends the process with status 2.
 * Reenters: no.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LOAD_PIDS_MAX = 64,
    LOAD_VALUE_MIN = 10,     /* a value starts with its number, ten digits */
    LOAD_VALUE_MAX = 900000, /* max_http_buffer_size, 1e6 by default, is about the packet */
    LOAD_INFLIGHT_MAX = 64,
};

enum load_dialect { LOAD_SIO, LOAD_RAW };

struct load_options {
    const char *work;
    uint32_t port;
    pid_t pids[LOAD_PIDS_MAX];
    size_t n_pids;
    uint32_t clients;
    uint32_t busy;      /* those of a busy room, beside idle ones */
    uint32_t total;     /* messages; 0: the work's own number */
    uint32_t window_ms; /* 0: until `total` */
    uint32_t size;      /* bytes of a value */
    uint32_t inflight;
    uint32_t rooms; /* 0: all clients are in the one that the application joins */
    uint32_t outstanding;
    uint32_t rate;       /* per second; 0: as fast as the answers come */
    uint32_t pending;    /* connections that are being opened at a time */
    uint32_t patience_s; /* without any message the run fails */
    bool binary, deflate, tls, browser_headers;
    enum load_dialect dialect;
};

void load_options_read(struct load_options *options, int argc, char **argv);

#endif
