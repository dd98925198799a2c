// SPDX-License-Identifier: MIT
/* The PROXY protocol's header, versions 1 (a line) and 2 (binary): what a proxy says in front of a
 * connection about the client behind it.
 *
 *     1: "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n" | "PROXY UNKNOWN ...\r\n"
 *     2: 12 bytes signature | u8 0x20 LOCAL, 0x21 PROXY | u8 family and protocol | u16 length
 *        | source, destination, ports | extensions: u8 type, u16 length, value
 *
 * Owns: nothing. Errors: SIO_EPROTO, for good. Reenters: no.
 */
#ifndef SIO_CODEC_PROXY_HEADER_H
#define SIO_CODEC_PROXY_HEADER_H

#include "codec/origin.h"

enum {
    SIO_PROXY_LINE_MAX = 107,    /* bytes of a version 1 header, with its line end */
    SIO_PROXY_HEADER_MAX = 2048, /* of a version 2 header, with its extensions */
};

struct sio_proxy_header {
    size_t len; /* bytes of the header; what follows is the client's */
    /* The proxy speaks for itself (a health check), or does not know: the socket says. */
    bool unknown;
    struct sio_origin origin; /* else; without address when the client came by a Unix socket.
                               * secure: the proxy says that it took TLS off */
};

/* `in` begins with the first byte of the connection. SIO_EAGAIN: more bytes are needed. */
int sio_proxy_header_parse(struct sio_slice in, struct sio_proxy_header *out);

#endif
