// SPDX-License-Identifier: MIT
/* The second look at a request head. Stands on slices alone.
 *
 * Invariant: a head that passes is request-line CRLF *(name ":" OWS value OWS CRLF) CRLF and has at
 * most one meaning for the length of its body.
 */
#include "codec/http_head.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* From the first byte of a run to its end, which `stop` or the end of `s` makes. */
static size_t run_until(struct sio_slice s, size_t at, char stop)
{
    const char *hit = at < s.len ? memchr(s.p + at, stop, s.len - at) : NULL;
    return hit ? (size_t)(hit - s.p) : s.len;
}

int sio_http_head_line(struct sio_http_request *r, struct sio_slice line)
{
    size_t method = run_until(line, 0, ' ');
    size_t target = run_until(line, method + 1, ' ');
    struct sio_slice version = sio_slice_from(line, target + 1);
    if (method == 0 || target >= line.len || target == method + 1)
        return 400;
    r->method = sio_slice(line.p, method);
    /* The preface of HTTP/2 (RFC 9113 §3.4) is made to fail, not to ask for a version. */
    if (sio_slice_eq(r->method, SIO_LIT("PRI")))
        return 400;
    if (version.len != 10 || !sio_slice_starts(version, SIO_LIT("HTTP/")) ||
        !sio_slice_eq(sio_slice_from(version, 8), SIO_LIT("\r\n")) || version.p[6] != '.')
        return 400;
    if (version.p[5] != '1' || (version.p[7] != '0' && version.p[7] != '1'))
        return 505;
    if (sio_slice_eq(r->method, SIO_LIT("CONNECT")))
        return 405; /* no proxy, and its target is no path */
    r->target = sio_slice(line.p + method + 1, target - method - 1);
    r->minor = (unsigned)(version.p[7] - '0');
    return 0;
}

/* Where the authority of an absolute-form target begins; 0 when it is not one. */
static size_t absolute_form(struct sio_slice target)
{
    static const struct sio_slice schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++)
        if (target.len > schemes[i].len &&
            sio_slice_eq_nocase(sio_slice(target.p, schemes[i].len), schemes[i]))
            return schemes[i].len;
    return 0;
}

static int split_target(struct sio_http_request *r)
{
    struct sio_slice t = r->target;
    size_t mark, from = absolute_form(t);
    for (size_t i = 0; i < t.len; i++)
        if (t.p[i] <= ' ' || t.p[i] >= 0x7f || t.p[i] == '#') /* char may be signed: both ends */
            return 400;
    mark = run_until(t, from, '?');
    r->query = mark < t.len ? sio_slice_from(t, mark + 1) : sio_slice(t.p + t.len, 0);
    if (from != 0) {
        size_t slash = run_until(t, from, '/');
        r->path = slash < mark ? sio_slice(t.p + slash, mark - slash) : SIO_LIT("/");
        return 0;
    }
    r->path = sio_slice(t.p, mark);
    if (t.p[0] == '/')
        return 0;
    return sio_slice_eq(t, SIO_LIT("*")) && sio_slice_eq(r->method, SIO_LIT("OPTIONS")) ? 0 : 400;
}

bool sio_http_is_token(struct sio_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!sio_http_is_token_char(s.p[i]))
            return false;
    return s.len > 0;
}

/* Horizontal tab, visible ASCII and obs-text (RFC 9110 §5.5). */
static bool is_value_char(char c)
{
    unsigned char u = (unsigned char)c;
    return (u >= 0x20 && u != 0x7f) || u == '\t';
}

static bool value_is_clean(struct sio_slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_value_char(value.p[i]))
            return false;
    return true;
}

/* Walks one field at *at, which must lie where llhttp said; moves *at behind its CRLF. */
static bool walk_field(struct sio_slice head, size_t *at, const struct sio_http_field *f)
{
    size_t i = *at;
    if (f->name.p != head.p + i || !sio_http_is_token(f->name))
        return false;
    i += f->name.len;
    if (i >= head.len || head.p[i++] != ':')
        return false;
    while (i < head.len && is_blank(head.p[i]))
        i++;
    if (f->value.len != 0) {
        if (f->value.p != head.p + i || !value_is_clean(f->value))
            return false;
        i += f->value.len;
    }
    while (i < head.len && is_blank(head.p[i]))
        i++;
    *at = i + 2;
    return *at <= head.len && head.p[i] == '\r' && head.p[i + 1] == '\n';
}

static bool walk(const struct sio_http_request *r, size_t line_len)
{
    size_t at = line_len;
    for (size_t i = 0; i < r->n_fields; i++)
        if (!walk_field(r->head, &at, &r->fields[i]))
            return false;
    return sio_slice_eq(sio_slice_from(r->head, at), SIO_LIT("\r\n"));
}

static bool next_token(struct sio_slice *list, struct sio_slice *token)
{
    size_t end;
    if (list->p == NULL)
        return false;
    end = run_until(*list, 0, ',');
    *token = sio_slice(list->p, end);
    *list = end < list->len ? sio_slice(list->p + end + 1, list->len - end - 1) : sio_slice(0, 0);
    while (token->len > 0 && is_blank(token->p[0]))
        *token = sio_slice_from(*token, 1);
    while (token->len > 0 && is_blank(token->p[token->len - 1]))
        token->len--;
    return true;
}

static bool list_has(struct sio_slice list, struct sio_slice wanted)
{
    struct sio_slice token;
    while (next_token(&list, &token))
        if (sio_slice_eq_nocase(token, wanted))
            return true;
    return false;
}

/* 0 for chunked alone; 501 for a well-formed list with other codings; 400 for a list that two
 * servers could read differently (chunked not last or twice, empty elements). */
static int transfer_coding(struct sio_slice value)
{
    struct sio_slice token;
    bool chunked = false;
    if (sio_slice_eq_nocase(value, SIO_LIT("chunked")))
        return 0;
    while (next_token(&value, &token)) {
        if (token.len == 0 || chunked)
            return 400;
        chunked = sio_slice_eq_nocase(token, SIO_LIT("chunked"));
    }
    return 501;
}

/* Canonical decimal only: "010" is ten to one server and eight to another. */
static int content_length(struct sio_slice value, uint64_t *out)
{
    uint64_t n = 0;
    if (value.len == 0 || value.len > 18 || (value.len > 1 && value.p[0] == '0'))
        return 400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return 400;
        n = n * 10 + (uint64_t)(value.p[i] - '0');
    }
    *out = n;
    return 0;
}

struct tally { /* what the fields said, while they are read */
    unsigned hosts, lengths, codings;
    bool close, keep_alive, upgrade, upgrade_field;
};

static void read_connection(struct sio_slice list, struct tally *t)
{
    struct sio_slice token;
    if (sio_slice_eq_nocase(list, SIO_LIT("keep-alive"))) { /* as nearly all lists are */
        t->keep_alive = true;
        return;
    }
    while (next_token(&list, &token)) {
        t->close |= sio_slice_eq_nocase(token, SIO_LIT("close"));
        t->keep_alive |= sio_slice_eq_nocase(token, SIO_LIT("keep-alive"));
        t->upgrade |= sio_slice_eq_nocase(token, SIO_LIT("upgrade"));
    }
}

static int read_field(struct sio_http_request *r, const struct sio_http_field *f, struct tally *t)
{
    switch (f->name.len) { /* lengths tell these names apart: one comparison per field */
    case 4:
        t->hosts += sio_slice_eq_nocase(f->name, SIO_LIT("Host"));
        return 0;
    case 6:
        if (r->minor == 0 || !sio_slice_eq_nocase(f->name, SIO_LIT("Expect")))
            return 0;
        r->expect_continue = sio_slice_eq_nocase(f->value, SIO_LIT("100-continue"));
        return r->expect_continue ? 0 : 417;
    case 7:
        t->upgrade_field |= sio_slice_eq_nocase(f->name, SIO_LIT("Upgrade"));
        return 0;
    case 10:
        if (sio_slice_eq_nocase(f->name, SIO_LIT("Connection")))
            read_connection(f->value, t);
        return 0;
    case 14:
        if (!sio_slice_eq_nocase(f->name, SIO_LIT("Content-Length")))
            return 0;
        return t->lengths++ ? 400 : content_length(f->value, &r->content_length);
    case 17:
        if (!sio_slice_eq_nocase(f->name, SIO_LIT("Transfer-Encoding")))
            return 0;
        return t->codings++ || r->minor == 0 ? 400 : transfer_coding(f->value);
    default:
        return 0;
    }
}

int sio_http_head_read_fields(struct sio_http_request *r)
{
    struct tally t = {0};
    for (size_t i = 0; i < r->n_fields; i++) {
        int status = read_field(r, &r->fields[i], &t);
        if (status != 0)
            return status;
    }
    r->has_body = t.codings != 0 || r->content_length > 0;
    r->upgrade = t.upgrade && t.upgrade_field;
    r->keep_alive = !t.close && (r->minor == 1 || t.keep_alive);
    if (t.hosts > 1 || (t.hosts == 0 && r->minor == 1) || (t.lengths && t.codings))
        return 400;
    return r->has_body && r->upgrade ? 400 : 0;
}

int sio_http_head_check(struct sio_http_request *r)
{
    size_t line_len = run_until(r->head, 0, '\n') + 1;
    int status = line_len <= r->head.len ? 0 : 400;
    if (status == 0)
        status = sio_http_head_line(r, sio_slice(r->head.p, line_len));
    if (status == 0)
        status = split_target(r);
    if (status == 0 && !walk(r, line_len))
        status = 400;
    return status != 0 ? status : sio_http_head_read_fields(r);
}

enum sio_http_trailer sio_http_trailer_step(enum sio_http_trailer at, char c)
{
    switch (at) {
    case SIO_HTTP_TRAILER_START:
        if (c == '\r')
            return SIO_HTTP_TRAILER_EMPTY;
        return sio_http_is_token_char(c) ? SIO_HTTP_TRAILER_NAME : SIO_HTTP_TRAILER_BAD;
    case SIO_HTTP_TRAILER_NAME:
        if (c == ':')
            return SIO_HTTP_TRAILER_VALUE;
        return sio_http_is_token_char(c) ? SIO_HTTP_TRAILER_NAME : SIO_HTTP_TRAILER_BAD;
    case SIO_HTTP_TRAILER_VALUE:
        if (c == '\r')
            return SIO_HTTP_TRAILER_CR;
        return is_value_char(c) ? SIO_HTTP_TRAILER_VALUE : SIO_HTTP_TRAILER_BAD;
    case SIO_HTTP_TRAILER_CR:
        return c == '\n' ? SIO_HTTP_TRAILER_START : SIO_HTTP_TRAILER_BAD;
    case SIO_HTTP_TRAILER_EMPTY:
        return c == '\n' ? SIO_HTTP_TRAILER_END : SIO_HTTP_TRAILER_BAD;
    case SIO_HTTP_TRAILER_END:
    case SIO_HTTP_TRAILER_BAD:
        break;
    }
    return SIO_HTTP_TRAILER_BAD;
}

struct sio_slice sio_http_field(const struct sio_http_request *r, struct sio_slice name)
{
    for (size_t i = 0; i < r->n_fields; i++)
        if (sio_slice_eq_nocase(r->fields[i].name, name))
            return r->fields[i].value;
    return sio_slice(NULL, 0);
}

bool sio_http_field_has(const struct sio_http_request *r, struct sio_slice name,
                        struct sio_slice token)
{
    for (size_t i = 0; i < r->n_fields; i++)
        if (sio_slice_eq_nocase(r->fields[i].name, name) && list_has(r->fields[i].value, token))
            return true;
    return false;
}
