// SPDX-License-Identifier: MIT
/* The offers of permessage-deflate in a request (ws_deflate.h): RFC 6455 §9.1 for the grammar,
 * RFC 7692 §7.1 for the parameters.
 *
 *     extensions = extension *( "," extension )
 *     extension  = token *( ";" token [ "=" ( token | <"> token <"> ) ] )
 *
 * with blanks around each. The text is read once from left to right, without a copy.
 */
#include "base/err.h"
#include "codec/ws_deflate.h"

enum { VALUE_MAX = 2 }; /* characters of a value that means something: "8" .. "15" */

/* Where the text is being read. */
struct cursor {
    struct sio_slice rest;
    bool bad;
};

struct offer {
    struct sio_ws_terms terms; /* bits 0: not mentioned */
    bool client_bits_named;    /* client_max_window_bits, perhaps without a value */
    bool ours;                 /* it is permessage-deflate */
};

static void skip_blanks(struct cursor *c)
{
    while (c->rest.len > 0 && (c->rest.p[0] == ' ' || c->rest.p[0] == '\t'))
        c->rest = sio_slice_from(c->rest, 1);
}

/* Takes one character and the blanks around it, if it is there. */
static bool accept(struct cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->rest.len == 0 || c->rest.p[0] != wanted)
        return false;
    c->rest = sio_slice_from(c->rest, 1);
    skip_blanks(c);
    return true;
}

static struct sio_slice token(struct cursor *c)
{
    size_t n = 0;
    struct sio_slice found;
    while (n < c->rest.len && sio_http_is_token(sio_slice(c->rest.p + n, 1)))
        n++;
    found = sio_slice(c->rest.p, n);
    c->rest = sio_slice_from(c->rest, n);
    if (n == 0)
        c->bad = true;
    return found;
}

/* A quoted value, which must be a token once its backslashes are gone (RFC 6455 §9.1). What is
 * longer than any valid value is cut, and stays invalid. */
static struct sio_slice quoted(struct cursor *c, char room[VALUE_MAX + 1])
{
    size_t n = 0, i = 1;
    for (; i < c->rest.len && c->rest.p[i] != '"' && !c->bad; i++) {
        i += c->rest.p[i] == '\\';
        c->bad = i == c->rest.len || !sio_http_is_token(sio_slice(c->rest.p + i, 1));
        if (!c->bad && n <= VALUE_MAX)
            room[n++] = c->rest.p[i];
    }
    c->bad |= n == 0 || i >= c->rest.len;
    c->rest = sio_slice_from(c->rest, i + 1);
    return sio_slice(room, n);
}

/* 8..15 in its one spelling, else 0. */
static uint8_t window_bits(struct sio_slice value)
{
    unsigned n = 0;
    if (value.len == 0 || value.len > VALUE_MAX || value.p[0] == '0')
        return 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return 0;
        n = n * 10 + (unsigned)(value.p[i] - '0');
    }
    return n >= SIO_DEFLATE_BITS_MIN && n <= SIO_DEFLATE_BITS_MAX ? (uint8_t)n : 0;
}

/* A flag that is there once and has no value. */
static bool note_flag(bool *flag, struct sio_slice value)
{
    bool ok = !*flag && value.p == NULL;
    *flag = true;
    return ok;
}

static bool note_bits(uint8_t *bits, struct sio_slice value)
{
    bool first = *bits == 0;
    *bits = window_bits(value);
    return first && *bits != 0;
}

static bool note_client_bits(struct offer *o, struct sio_slice value)
{
    bool first = !o->client_bits_named;
    o->client_bits_named = true;
    return first && (value.p == NULL || note_bits(&o->terms.client_max_window_bits, value));
}

static bool note_parameter(struct offer *o, struct sio_slice name, struct sio_slice value)
{
    if (sio_slice_eq(name, SIO_LIT("server_no_context_takeover")))
        return note_flag(&o->terms.server_no_context_takeover, value);
    if (sio_slice_eq(name, SIO_LIT("client_no_context_takeover")))
        return note_flag(&o->terms.client_no_context_takeover, value);
    if (sio_slice_eq(name, SIO_LIT("server_max_window_bits")))
        return note_bits(&o->terms.server_max_window_bits, value);
    return sio_slice_eq(name, SIO_LIT("client_max_window_bits")) && note_client_bits(o, value);
}

static void read_parameter(struct cursor *c, struct offer *o)
{
    char room[VALUE_MAX + 1];
    struct sio_slice name = token(c), value = sio_slice(NULL, 0);
    if (accept(c, '='))
        value = c->rest.len != 0 && c->rest.p[0] == '"' ? quoted(c, room) : token(c);
    if (!c->bad && o->ours)
        c->bad = !note_parameter(o, name, value);
}

static void read_offer(struct cursor *c, struct offer *o)
{
    *o = (struct offer){.terms.deflate = true};
    skip_blanks(c);
    o->ours = sio_slice_eq(token(c), SIO_LIT("permessage-deflate"));
    while (!c->bad && accept(c, ';'))
        read_parameter(c, o);
}

static uint8_t smaller(uint8_t offered, uint8_t wanted)
{
    if (offered == 0)
        return wanted < SIO_DEFLATE_BITS_MAX ? wanted : 0;
    return offered < wanted ? offered : wanted;
}

/* What the answer to this offer says (RFC 7692 §7.1). A client that does not name
 * client_max_window_bits may not be told one. */
static bool agree(const struct offer *o, const struct sio_ws_terms *wanted,
                  struct sio_ws_terms *out)
{
    if (!o->ours)
        return false;
    if (wanted->client_max_window_bits < SIO_DEFLATE_BITS_MAX && !o->client_bits_named)
        return false;
    *out = o->terms;
    out->server_no_context_takeover |= wanted->server_no_context_takeover;
    out->client_no_context_takeover |= wanted->client_no_context_takeover;
    out->server_max_window_bits =
        smaller(o->terms.server_max_window_bits, wanted->server_max_window_bits);
    out->client_max_window_bits =
        smaller(o->terms.client_max_window_bits, wanted->client_max_window_bits);
    return true;
}

/* All offers are read, also behind the one that is taken: one bad offer spoils the field. */
static int read_field(struct sio_slice value, const struct sio_ws_terms *wanted,
                      struct sio_ws_terms *out)
{
    struct cursor c = {value, false};
    struct offer o;
    do {
        read_offer(&c, &o);
        if (c.bad)
            return SIO_EPROTO;
        if (!out->deflate)
            agree(&o, wanted, out);
    } while (accept(&c, ','));
    return c.rest.len == 0 ? 0 : SIO_EPROTO;
}

int sio_ws_deflate_negotiate(const struct sio_http_request *r, const struct sio_ws_terms *wanted,
                             struct sio_ws_terms *out)
{
    *out = (struct sio_ws_terms){0};
    if (!wanted->deflate)
        return 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        int err;
        if (!sio_slice_eq_nocase(r->fields[i].name, SIO_LIT("Sec-WebSocket-Extensions")))
            continue;
        err = read_field(r->fields[i].value, wanted, out);
        if (err != 0)
            return err;
    }
    return 0;
}
