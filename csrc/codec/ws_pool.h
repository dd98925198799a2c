// SPDX-License-Identifier: MIT
/* The wslay contexts (4.2 KiB each) of one loop: borrowed by a reader from the first byte of a
 * frame to its last, so that idle connections hold none. See ws_frame.h for the readers and the
 * limits. The inflater that they share is here too, and what hashes the keys of their handshakes.
 *
 * Owns: the contexts that are idle, the inflater, the hash. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_WS_POOL_H
#define SIO_CODEC_WS_POOL_H

#include <stddef.h>

struct evp_md_ctx_st; /* libcrypto's EVP_MD_CTX */
struct sio_inflater;
struct sio_ws_context;

/* Zeroed is empty and valid. It outlives the readers that use it. */
struct sio_ws_pool {
    struct sio_ws_context *first;
    size_t idle;                   /* contexts kept, at most SIO_WS_CONTEXTS_IDLE */
    size_t out;                    /* contexts borrowed */
    struct sio_inflater *inflater; /* of compressed messages, one at a time; see ws_deflate.h */
    struct evp_md_ctx_st *sha1;    /* made at the first handshake; see ws_handshake.c */
};

void sio_ws_pool_fini(struct sio_ws_pool *pool); /* frees what is idle */

#endif
