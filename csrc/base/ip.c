// SPDX-License-Identifier: MIT
/* Internet addresses. Stands on inet_pton and inet_ntop; codec/forwarded and codec/proxy_header
 * call it.
 */
#include "base/ip.h"

#include "base/err.h"

#include <arpa/inet.h>

enum { MAPPED_BYTES = 12, MAPPED_BITS = MAPPED_BYTES * 8 };

static const uint8_t mapped[MAPPED_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool sio_ip_is_v4(const struct sio_ip *ip)
{
    return memcmp(ip->bytes, mapped, MAPPED_BYTES) == 0;
}

int sio_ip_parse(struct sio_slice text, struct sio_ip *out)
{
    char copy[SIO_IP_TEXT_MAX + 1];
    if (text.len == 0 || text.len > SIO_IP_TEXT_MAX || memchr(text.p, '\0', text.len) != NULL)
        return SIO_EINVAL;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, out->bytes) == 1)
        return 0;
    uint8_t four[4];
    if (inet_pton(AF_INET, copy, four) != 1)
        return SIO_EINVAL;
    sio_ip_from_v4(four, out);
    return 0;
}

void sio_ip_from_v4(const void *four_bytes, struct sio_ip *out)
{
    memcpy(out->bytes, mapped, MAPPED_BYTES);
    memcpy(out->bytes + MAPPED_BYTES, four_bytes, sizeof out->bytes - MAPPED_BYTES);
}

static char *put_octet(char *out, unsigned n)
{
    if (n >= 100)
        *out++ = (char)('0' + n / 100);
    if (n >= 10)
        *out++ = (char)('0' + n / 10 % 10);
    *out++ = (char)('0' + n % 10);
    return out;
}

/* By hand for IPv4: every connection's address is written, and inet_ntop goes through printf. */
size_t sio_ip_text(const struct sio_ip *ip, char out[SIO_IP_TEXT_MAX + 1])
{
    char *end = out;
    if (!sio_ip_is_v4(ip)) {
        inet_ntop(AF_INET6, ip->bytes, out, SIO_IP_TEXT_MAX + 1);
        return strlen(out);
    }
    for (size_t i = MAPPED_BYTES; i < sizeof ip->bytes; i++) {
        end = put_octet(end, ip->bytes[i]);
        *end++ = '.';
    }
    *--end = '\0';
    return (size_t)(end - out);
}

/* Decimal, no sign, no leading zero, at most `most`; -1 when it is not. */
static int parse_bits(struct sio_slice text, int most)
{
    int n = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.p[0] == '0'))
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        n = n * 10 + (text.p[i] - '0');
    }
    return n <= most ? n : -1;
}

int sio_ip_net_parse(struct sio_slice text, struct sio_ip_net *out)
{
    const char *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
    struct sio_slice address = sio_slice(text.p, slash ? (size_t)(slash - text.p) : text.len);
    bool v4 = address.len != 0 && memchr(address.p, ':', address.len) == NULL;
    int before = v4 ? MAPPED_BITS : 0, bits = SIO_IP_BITS - before;
    if (sio_ip_parse(address, &out->base) != 0)
        return SIO_EINVAL;
    if (slash != NULL)
        bits = parse_bits(sio_slice_from(text, address.len + 1), bits);
    if (bits < 0)
        return SIO_EINVAL;
    out->bits = (uint8_t)(before + bits);
    return 0;
}

bool sio_ip_net_has(const struct sio_ip_net *net, const struct sio_ip *ip)
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;
    if (memcmp(net->base.bytes, ip->bytes, whole) != 0)
        return false;
    return rest == 0 || (net->base.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}
