// SPDX-License-Identifier: MIT
/* Internet addresses and networks: from text, to text, and whether one holds the other.
 *
 * An IPv4 address is kept as IPv6 keeps it (::ffff:1.2.3.4), so that a peer of a dual-stack socket
 * and a peer of an IPv4 socket are the same; "10.0.0.0/8" is the network ::ffff:10.0.0.0/104.
 *
 * Owns: nothing; values. Errors: SIO_EINVAL. Reenters: no.
 */
#ifndef SIO_BASE_IP_H
#define SIO_BASE_IP_H

#include <stdint.h>

#include "base/slice.h"

enum {
    SIO_IP_TEXT_MAX = 45, /* characters of an address: an IPv6 one with an IPv4 part */
    SIO_IP_BITS = 128,
};

struct sio_ip {
    uint8_t bytes[SIO_IP_BITS / 8]; /* network order */
};

struct sio_ip_net {
    struct sio_ip base;
    uint8_t bits; /* of base that count, from the left */
};

bool sio_ip_is_v4(const struct sio_ip *ip);
void sio_ip_from_v4(const void *four_bytes, struct sio_ip *out); /* network order */
/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; no zone, no brackets, no port. */
int sio_ip_parse(struct sio_slice text, struct sio_ip *out);
/* Ends with NUL, and returns the length; an IPv4 address in its own form. */
size_t sio_ip_text(const struct sio_ip *ip, char out[SIO_IP_TEXT_MAX + 1]);
/* An address alone, or "address/bits"; what lies behind the bits is ignored. */
int sio_ip_net_parse(struct sio_slice text, struct sio_ip_net *out);
bool sio_ip_net_has(const struct sio_ip_net *net, const struct sio_ip *ip);

#endif
