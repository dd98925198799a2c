// SPDX-License-Identifier: MIT
/* The PROXY protocol's header (haproxy.org, proxy-protocol.txt). Stands on ip; net/http_greeting
 * feeds it.
 *
 * Invariant: a header is refused at its first wrong byte of signature, and nothing is believed
 * before all of it is there.
 */
#include "codec/proxy_header.h"

#include "base/err.h"

#include <stdio.h>

/* ---- version 1 ------------------------------------------------------------------------------- */

/* The next word of the line, which one space ends; p == NULL: there is none. */
static struct sio_slice word(struct sio_slice *line)
{
    const char *space = line->len ? memchr(line->p, ' ', line->len) : NULL;
    struct sio_slice w = sio_slice(line->p, space ? (size_t)(space - line->p) : line->len);
    *line = sio_slice_from(*line, w.len + 1);
    return w.len ? w : sio_slice(NULL, 0);
}

static bool is_port(struct sio_slice s)
{
    unsigned n = 0;
    if (s.len == 0 || s.len > 5 || (s.len > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        n = n * 10 + (unsigned)(s.p[i] - '0');
    }
    return n <= 65535;
}

static bool of_family(struct sio_slice address, bool six)
{
    struct sio_ip ip;
    bool colon = address.len != 0 && memchr(address.p, ':', address.len) != NULL;
    return colon == six && sio_ip_parse(address, &ip) == 0;
}

static void set_address(struct sio_proxy_header *out, const struct sio_ip *ip)
{
    char text[SIO_IP_TEXT_MAX + 1];
    sio_ip_text(ip, text);
    sio_origin_set_address(&out->origin, sio_slice_str(text));
}

/* `line` without "PROXY " and line end. */
static int parse_line(struct sio_slice line, struct sio_proxy_header *out)
{
    struct sio_slice family = word(&line);
    bool six = sio_slice_eq(family, SIO_LIT("TCP6"));
    struct sio_ip ip;
    if (sio_slice_eq(family, SIO_LIT("UNKNOWN"))) {
        out->unknown = true;
        return 0;
    }
    if (!six && !sio_slice_eq(family, SIO_LIT("TCP4")))
        return SIO_EPROTO;
    struct sio_slice source = word(&line), destination = word(&line);
    struct sio_slice source_port = word(&line), destination_port = line;
    if (!of_family(source, six) || !of_family(destination, six) || !is_port(source_port) ||
        !is_port(destination_port))
        return SIO_EPROTO;
    sio_ip_parse(source, &ip);
    set_address(out, &ip);
    return 0;
}

static int parse_v1(struct sio_slice in, struct sio_proxy_header *out)
{
    size_t most = in.len < SIO_PROXY_LINE_MAX ? in.len : SIO_PROXY_LINE_MAX;
    const char *end = memmem(in.p, most, "\r\n", 2);
    if (end == NULL)
        return in.len < SIO_PROXY_LINE_MAX ? SIO_EAGAIN : SIO_EPROTO;
    out->len = (size_t)(end - in.p) + 2;
    return parse_line(sio_slice(in.p + 6, out->len - 8), out);
}

/* ---- version 2 ------------------------------------------------------------------------------- */

enum { V2_HEAD = 16, V2_TCP4 = 12, V2_TCP6 = 36, V2_UNIX = 216 };
enum { TLV_HEAD = 3, TLV_SSL = 0x20, SSL_LEAST = 5, SSL_CLIENT = 1 };

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
enum { SIGNATURE = sizeof signature - 1 };

static unsigned at(struct sio_slice s, size_t i)
{
    return (unsigned char)s.p[i];
}

/* Bytes of the addresses, by the family in the upper four bits; 0: none that we know. */
static size_t address_bytes(unsigned family)
{
    static const size_t bytes[] = {0, V2_TCP4, V2_TCP6, V2_UNIX};
    return family < sizeof bytes / sizeof *bytes ? bytes[family] : 0;
}

/* All that is of interest here is whether the client came with TLS; checksums and names are left to
 * who uses them. */
static int parse_extensions(struct sio_slice in, struct sio_proxy_header *out)
{
    while (in.len != 0) {
        size_t len = in.len < TLV_HEAD ? 0 : at(in, 1) << 8 | at(in, 2);
        if (in.len < TLV_HEAD || len > in.len - TLV_HEAD)
            return SIO_EPROTO;
        if (at(in, 0) == TLV_SSL && len >= SSL_LEAST)
            out->origin.secure = (at(in, TLV_HEAD) & SSL_CLIENT) != 0;
        in = sio_slice_from(in, TLV_HEAD + len);
    }
    return 0;
}

static void read_source(struct sio_slice body, unsigned family, struct sio_proxy_header *out)
{
    char text[] = "255.255.255.255";
    struct sio_ip ip;
    if (family == 1) {
        snprintf(text, sizeof text, "%u.%u.%u.%u", at(body, 0), at(body, 1), at(body, 2),
                 at(body, 3));
        sio_origin_set_address(&out->origin, sio_slice_str(text));
    } else if (family == 2) {
        memcpy(ip.bytes, body.p, sizeof ip.bytes);
        set_address(out, &ip);
    }
}

static int parse_v2(struct sio_slice in, struct sio_proxy_header *out)
{
    if (in.len < V2_HEAD)
        return SIO_EAGAIN;
    unsigned command = at(in, 12), family = at(in, 13) >> 4, protocol = at(in, 13) & 15;
    size_t len = at(in, 14) << 8 | at(in, 15), addresses = address_bytes(family);
    if ((command != 0x20 && command != 0x21) || family > 3 || protocol > 2)
        return SIO_EPROTO;
    if (len > SIO_PROXY_HEADER_MAX - V2_HEAD)
        return SIO_EPROTO;
    if (in.len < V2_HEAD + len)
        return SIO_EAGAIN;
    out->len = V2_HEAD + len;
    out->unknown = command == 0x20 || addresses == 0 || protocol != 1;
    if (out->unknown)
        return 0;
    if (len < addresses)
        return SIO_EPROTO;
    struct sio_slice body = sio_slice(in.p + V2_HEAD, len);
    read_source(body, family, out);
    return parse_extensions(sio_slice_from(body, addresses), out);
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool could_be(struct sio_slice in, struct sio_slice start)
{
    return in.len < start.len ? sio_slice_starts(start, in) : sio_slice_starts(in, start);
}

int sio_proxy_header_parse(struct sio_slice in, struct sio_proxy_header *out)
{
    struct sio_slice v1 = SIO_LIT("PROXY "), v2 = sio_slice(signature, SIGNATURE);
    bool first = could_be(in, v1), second = could_be(in, v2);
    *out = (struct sio_proxy_header){0};
    if (!first && !second)
        return SIO_EPROTO;
    if (in.len < (first ? v1.len : v2.len))
        return SIO_EAGAIN;
    return first ? parse_v1(in, out) : parse_v2(in, out);
}
