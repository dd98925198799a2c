// SPDX-License-Identifier: MIT
/* A growable run of bytes: append at the end, drop from the front. The generator's only container.
 *
 * Owns:     its memory, from the first append to load_bytes_fini; a zeroed struct is empty and
 * valid. Errors:   none: without memory the run fails (fail.h). Reenters: no.
 */
#ifndef LOAD_BYTES_H
#define LOAD_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct load_bytes {
    uint8_t *p;
    size_t len;
    size_t cap;
};

void load_bytes_fini(struct load_bytes *b);
uint8_t *load_bytes_reserve(struct load_bytes *b, size_t extra); /* where they go; len unchanged */
void load_bytes_append(struct load_bytes *b, const void *p, size_t len);
void load_bytes_print(struct load_bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void load_bytes_drop(struct load_bytes *b, size_t n); /* from the front; n <= len */

#endif
