// SPDX-License-Identifier: MIT
/* HTTP/1.1 as polling needs it: requests on a kept connection, responses of a length, or in
 * chunks.
 *
 * Owns:     nothing; a found body borrows the bytes that were read, or those of `joined`.
 * Errors:   a response that is not 200, or whose end nothing tells, fails the run.
 * Reenters: no.
 */
#ifndef LOAD_HTTP_H
#define LOAD_HTTP_H

#include "bytes.h"
#include "options.h"

struct load_response {
    const uint8_t *body;
    size_t len;
};

/* "GET" or "POST" of the path with this session, the whole request but for a POST's length, blank
 * line and body. */
void load_http_head(struct load_bytes *out, const struct load_options *options, const char *method,
                    const char *sid);
/* The response that starts at p; returns how many bytes it takes, 0 while it is not whole. A body
 * in chunks is put together in `joined`, where it stays until the next. */
size_t load_http_find(const uint8_t *p, size_t len, struct load_bytes *joined,
                      struct load_response *response);

#endif
