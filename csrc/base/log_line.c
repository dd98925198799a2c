// SPDX-License-Identifier: MIT
/* Lines of the log. Stands on utf8; log.c calls it.
 *
 * The fields are made first, each whole or not at all, so that a long message cannot push them
 * out. Invariant: what is written is valid UTF-8, without control characters but tabs and the
 * newlines of a message in text, behind which a line never starts at the margin.
 */
#include "base/log_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/utf8.h"

/* Bytes of a place with bounds; n is always below room, which leaves one for a NUL. */
struct out {
    char *p;
    size_t n, room;
};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};
static const char *const level_colours[] = {"\x1b[2m", "", "\x1b[33m", "\x1b[31m", ""};
static const char no_colour[] = "\x1b[0m", dots[] = "...";

enum { ESCAPE_MAX = 8, TAIL_MAX = 48 /* of what is said behind a message */ };

static bool put(struct out *o, const char *p, size_t n)
{
    if (o->room - o->n <= n)
        return false;
    memcpy(o->p + o->n, p, n);
    o->n += n;
    return true;
}

static void put_text(struct out *o, const char *text)
{
    put(o, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct out *o, const char *fmt, ...)
{
    char text[128];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    put_text(o, text);
}

/* ---- characters ------------------------------------------------------------------------------ */

/* U+0080 to U+009F are control characters too: U+009B is what ESC [ is. */
static bool is_control(struct sio_slice c, size_t n, unsigned *code)
{
    unsigned char first = (unsigned char)c.p[0];
    *code = n == 2 ? (unsigned char)c.p[1] : first;
    return n == 1 ? first < 0x20 || first == 0x7f
                  : n == 2 && first == 0xc2 && (unsigned char)c.p[1] < 0xa0;
}

static size_t json_short(char c, char to[ESCAPE_MAX])
{
    static const char from[] = "\"\\\n\r\t", into[] = "\"\\nrt";
    const char *at = c != '\0' ? strchr(from, c) : NULL;
    if (at == NULL)
        return 0;
    to[0] = '\\';
    to[1] = into[at - from];
    return 2;
}

/* The first character of `s` as it is shown, in `to`; *taken: its bytes. */
static size_t show_one(struct sio_slice s, bool json, char to[ESCAPE_MAX], size_t *taken)
{
    size_t n = sio_utf8_sequence(s);
    unsigned code;
    *taken = n == 0 ? 1 : n;
    if (n == 0 && json) {
        memcpy(to, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (n == 0)
        return (size_t)snprintf(to, ESCAPE_MAX, "\\x%02x", (unsigned char)s.p[0]);
    size_t shown = json && n == 1 ? json_short(s.p[0], to) : 0;
    if (shown != 0)
        return shown;
    if (is_control(s, n, &code) && (json || s.p[0] != '\t'))
        return (size_t)snprintf(to, ESCAPE_MAX, json || n == 2 ? "\\u%04x" : "\\x%02x", code);
    memcpy(to, s.p, n);
    return n;
}

/* A newline of a text, and room in front of what follows it. */
static size_t show_newline(struct sio_slice rest, char to[ESCAPE_MAX])
{
    bool indented = rest.len < 2 || rest.p[1] == '\t' || rest.p[1] == ' ';
    memcpy(to, "\n    ", 5);
    return indented ? 1 : 5;
}

/* As much of `s` as leaves `tail` bytes. */
static void put_shown(struct out *o, struct sio_slice s, bool json, size_t tail)
{
    char to[ESCAPE_MAX];
    size_t taken = 1;
    for (size_t at = 0; at < s.len; at += taken) {
        struct sio_slice rest = sio_slice_from(s, at);
        size_t n;
        if (!json && *rest.p == '\n') {
            taken = 1;
            n = show_newline(rest, to);
        } else {
            n = show_one(rest, json, to, &taken);
        }
        if (o->room - o->n <= n + tail + sizeof dots) {
            put_text(o, dots);
            return;
        }
        put(o, to, n);
    }
}

/* A whole string with its quotes; false when it has no room. */
static bool put_quoted(struct out *o, struct sio_slice s)
{
    char to[ESCAPE_MAX];
    size_t taken = 1;
    if (!put(o, "\"", 1))
        return false;
    for (size_t at = 0; at < s.len; at += taken)
        if (!put(o, to, show_one(sio_slice_from(s, at), true, to, &taken)))
            return false;
    return put(o, "\"", 1);
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A word that needs no quotes in a line of text. */
static bool is_word(struct sio_slice s)
{
    static const char also[] = "_./:@+-";
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i], low = (char)(c | 0x20);
        if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr(also, c) != NULL)))
            return false;
    }
    return s.len != 0;
}

/* JSON has its control characters escaped but DEL and those of U+0080 to U+009F, which only stand
 * in strings. */
static bool put_json(struct out *o, struct sio_slice s)
{
    char to[ESCAPE_MAX];
    size_t n;
    unsigned code;
    for (size_t at = 0; at < s.len; at += n) {
        struct sio_slice rest = sio_slice_from(s, at);
        n = sio_utf8_sequence(rest);
        if (n == 0)
            return false;
        bool bad = is_control(rest, n, &code);
        size_t shown = bad ? (size_t)snprintf(to, sizeof to, "\\u%04x", code) : n;
        if (!put(o, bad ? to : rest.p, shown))
            return false;
    }
    return true;
}

static bool put_value(struct out *o, const struct sio_log_field *f, bool json)
{
    struct sio_slice v = f->value;
    if (!json && f->json && v.len > 2 && v.p[0] == '"' && is_word(sio_slice(v.p + 1, v.len - 2)))
        return put(o, v.p + 1, v.len - 2);
    if (f->json)
        return put_json(o, v);
    return !json && is_word(v) ? put(o, v.p, v.len) : put_quoted(o, v);
}

/* A name must not be taken for one of the line's own. */
static struct sio_slice own_name(struct sio_slice name, char to[16])
{
    static const char *const ours[] = {"ts", "level", "worker", "pid", "msg", "suppressed"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (sio_slice_eq(name, sio_slice_str(ours[i])))
            return sio_slice(to, (size_t)snprintf(to, 16, "%s_", ours[i]));
    return name;
}

static bool put_field(struct out *o, const struct sio_log_field *f, bool json)
{
    char renamed[16];
    struct sio_slice name = own_name(f->name, renamed);
    if (json)
        return put(o, ",", 1) && put_quoted(o, name) && put(o, ":", 1) && put_value(o, f, true);
    return put(o, " ", 1) && (is_word(name) ? put(o, name.p, name.len) : put_quoted(o, name)) &&
           put(o, "=", 1) && put_value(o, f, false);
}

/* Those that have room, whole. */
static size_t make_fields(const struct sio_log_line *l, bool json, char to[SIO_LOG_FIELDS_MAX])
{
    struct out o = {.p = to, .room = SIO_LOG_FIELDS_MAX};
    for (size_t i = 0; i < l->n_fields; i++) {
        size_t before = o.n;
        if (!put_field(&o, &l->fields[i], json))
            o.n = before;
    }
    return o.n;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_stamp(struct out *o, const struct sio_log_line *l, bool colours)
{
    time_t seconds = (time_t)(l->wall_ms / 1000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    put_format(o, "%02d:%02d:%02d.%03u %s%s%s ", tm.tm_hour, tm.tm_min, tm.tm_sec,
               (unsigned)(l->wall_ms % 1000), colours ? level_colours[l->level] : "",
               level_names[l->level], colours && level_colours[l->level][0] ? no_colour : "");
}

static size_t finish(struct out *o)
{
    o->p[o->n] = '\0';
    return o->n;
}

size_t sio_log_line_text(const struct sio_log_line *l, bool stamp, bool colours,
                         char out[SIO_LOG_LINE_MAX])
{
    struct out o = {.p = out, .room = SIO_LOG_LINE_MAX};
    char fields[SIO_LOG_FIELDS_MAX];
    size_t n = make_fields(l, false, fields);
    if (stamp)
        put_stamp(&o, l, colours);
    if (l->worker != 0)
        put_format(&o, "[worker %u] ", l->worker);
    put_shown(&o, l->message, false, n + (l->suppressed ? TAIL_MAX : 0));
    put(&o, fields, n);
    if (l->suppressed)
        put_format(&o, " (%u more held back)", l->suppressed);
    return finish(&o);
}

size_t sio_log_line_json(const struct sio_log_line *l, char out[SIO_LOG_LINE_MAX])
{
    struct out o = {.p = out, .room = SIO_LOG_LINE_MAX};
    char fields[SIO_LOG_FIELDS_MAX];
    size_t n = make_fields(l, true, fields);
    time_t seconds = (time_t)(l->wall_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    put_format(&o, "{\"ts\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\",\"level\":\"%s\",",
               tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
               (unsigned)(l->wall_ms % 1000), level_names[l->level]);
    put_format(&o, "\"worker\":%u,\"pid\":%d,\"msg\":\"", l->worker, l->pid);
    put_shown(&o, l->message, true, n + TAIL_MAX);
    put_text(&o, "\"");
    put(&o, fields, n);
    if (l->suppressed)
        put_format(&o, ",\"suppressed\":%u", l->suppressed);
    put_text(&o, "}");
    return finish(&o);
}

size_t sio_log_line_plain(struct sio_slice text, char out[SIO_LOG_LINE_MAX])
{
    struct out o = {.p = out, .room = SIO_LOG_LINE_MAX};
    put_shown(&o, text, false, 0);
    return finish(&o);
}
