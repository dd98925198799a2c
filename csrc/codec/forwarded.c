// SPDX-License-Identifier: MIT
/* The X-Forwarded fields. Stands on base/ip and http_parse; net/http_conn calls it for requests of
 * trusted peers.
 *
 * Invariant: an address is believed only when the hop that reported it is trusted.
 */
#include "codec/forwarded.h"

#include "base/err.h"

/* ---- trust ----------------------------------------------------------------------------------- */

int sio_trust_add(struct sio_trust *t, struct sio_slice word)
{
    if (sio_slice_eq(word, SIO_LIT("unix"))) {
        t->unix_sockets = true;
        return 0;
    }
    if (t->n_nets == SIO_TRUST_NETS_MAX)
        return SIO_EFULL;
    int rc = sio_ip_net_parse(word, &t->nets[t->n_nets]);
    if (rc == 0)
        t->n_nets++;
    return rc;
}

static bool trusts(const struct sio_trust *t, const struct sio_ip *ip)
{
    bool found = t->everybody;
    for (unsigned i = 0; i < t->n_nets && !found; i++)
        found = sio_ip_net_has(&t->nets[i], ip);
    return found;
}

bool sio_trust_has(const struct sio_trust *t, struct sio_slice address)
{
    struct sio_ip ip;
    if (address.len == 0)
        return t->everybody || t->unix_sockets;
    return sio_ip_parse(address, &ip) == 0 && trusts(t, &ip);
}

/* ---- lists, from their end ------------------------------------------------------------------- */

static struct sio_slice trim(struct sio_slice s)
{
    while (s.len != 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    while (s.len != 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = sio_slice_from(s, 1);
    return s;
}

/* The elements of all fields of one name, as if they were one list. */
struct walk {
    const struct sio_http_request *r;
    struct sio_slice name;
    size_t field;          /* fields from here on are done */
    struct sio_slice left; /* of the current field; p == NULL: none is open */
};

static bool open_field(struct walk *w)
{
    while (w->left.p == NULL && w->field > 0) {
        const struct sio_http_field *f = &w->r->fields[--w->field];
        if (sio_slice_eq_nocase(f->name, w->name))
            w->left = sio_slice(f->value.p ? f->value.p : "", f->value.len);
    }
    return w->left.p != NULL;
}

static bool walk_back(struct walk *w, struct sio_slice *element)
{
    if (!open_field(w))
        return false;
    const char *comma = w->left.len ? memrchr(w->left.p, ',', w->left.len) : NULL;
    size_t from = comma ? (size_t)(comma - w->left.p) + 1 : 0;
    *element = trim(sio_slice_from(w->left, from));
    w->left = comma ? sio_slice(w->left.p, from - 1) : sio_slice(NULL, 0);
    return true;
}

/* The last element; p == NULL when there is no such field. */
static struct sio_slice last_of(const struct sio_http_request *r, struct sio_slice name)
{
    struct walk w = {.r = r, .name = name, .field = r->n_fields};
    struct sio_slice element = {NULL, 0};
    walk_back(&w, &element);
    return element;
}

/* ---- the fields ------------------------------------------------------------------------------ */

/* "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80": some proxies write the port too. */
static int parse_hop(struct sio_slice hop, struct sio_ip *out)
{
    const char *colon = hop.len ? memchr(hop.p, ':', hop.len) : NULL;
    const char *bracket = hop.len ? memchr(hop.p, ']', hop.len) : NULL;
    if (hop.len != 0 && hop.p[0] == '[')
        hop = bracket ? sio_slice(hop.p + 1, (size_t)(bracket - hop.p) - 1) : sio_slice(NULL, 0);
    else if (colon != NULL && memrchr(hop.p, ':', hop.len) == colon)
        hop.len = (size_t)(colon - hop.p);
    return sio_ip_parse(hop, out);
}

/* Returns the hop that is none. */
static struct sio_slice read_address(const struct sio_trust *t, const struct sio_http_request *r,
                                     struct sio_slice name, struct sio_origin *io)
{
    struct walk w = {.r = r, .name = name, .field = r->n_fields};
    struct sio_slice hop;
    struct sio_ip ip;
    char text[SIO_IP_TEXT_MAX + 1];
    bool trusted = true;
    for (int i = 0; i < SIO_FORWARDED_HOPS_MAX && trusted && walk_back(&w, &hop); i++) {
        if (parse_hop(hop, &ip) != 0)
            return hop;
        sio_ip_text(&ip, text);
        sio_origin_set_address(io, sio_slice_str(text));
        trusted = trusts(t, &ip);
    }
    return sio_slice(NULL, 0);
}

/* Returns the value that is none of the four. */
static struct sio_slice read_secure(const struct sio_http_request *r, struct sio_slice name,
                                    struct sio_origin *io)
{
    struct sio_slice proto = last_of(r, name);
    bool secure =
        sio_slice_eq_nocase(proto, SIO_LIT("https")) || sio_slice_eq_nocase(proto, SIO_LIT("wss"));
    bool plain =
        sio_slice_eq_nocase(proto, SIO_LIT("http")) || sio_slice_eq_nocase(proto, SIO_LIT("ws"));
    if (!secure && !plain)
        return proto;
    io->secure = secure;
    return sio_slice(NULL, 0);
}

struct sio_http_field sio_forwarded_read(const struct sio_trust *t,
                                         const struct sio_http_request *r, struct sio_origin *io)
{
    struct sio_http_field address = {.name = SIO_LIT("X-Forwarded-For")};
    struct sio_http_field secure = {.name = SIO_LIT("X-Forwarded-Proto")};
    address.value = read_address(t, r, address.name, io);
    secure.value = read_secure(r, secure.name, io);
    if (address.value.p != NULL)
        return address;
    return secure.value.p != NULL ? secure : (struct sio_http_field){{NULL, 0}, {NULL, 0}};
}

static bool in_host(char c)
{
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '[' || c == ']';
}

struct sio_slice sio_forwarded_host(const struct sio_http_request *r)
{
    struct sio_slice host = last_of(r, SIO_LIT("X-Forwarded-Host"));
    bool good = host.len != 0 && host.len <= SIO_FORWARDED_HOST_MAX;
    for (size_t i = 0; i < host.len && good; i++)
        good = in_host(host.p[i]);
    return good ? host : sio_slice(NULL, 0);
}
