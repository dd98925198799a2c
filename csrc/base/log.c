// SPDX-License-Identifier: MIT
/* The log. Stands on clock, the line's two forms (log_line), the way out (log_out), the kinds that
 * are limited (log_quiet) and the lines that are kept (log_ring); every layer calls it, none reads
 * it back.
 *
 * The line is built on the stack and leaves in one write(2), so lines of several workers on one
 * stderr do not mix. What is kept between calls is the process's.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_out.h"
#include "base/log_quiet.h"
#include "base/log_ring.h"

static struct {
    enum sio_log_level least;
    bool json, colours, opened;
    unsigned worker;
    sio_log_sink sink;
    struct sio_quiets quiets;
    struct sio_log_ring *ring; /* NULL: nothing is kept */
    void (*tee)(void *ctx);
    void *tee_ctx;
    uint64_t lost_told;
} state = {.least = SIO_LOG_INFO};

/* ---- one line -------------------------------------------------------------------------------- */

static void keep(struct sio_slice line)
{
    if (state.ring == NULL)
        return;
    sio_log_ring_push(state.ring, line);
    if (state.tee)
        state.tee(state.tee_ctx);
}

static void put_line(const struct sio_log_line *l)
{
    char line[SIO_LOG_LINE_MAX];
    size_t n = state.json ? sio_log_line_json(l, line)
                          : sio_log_line_text(l, true, state.colours && !state.ring, line);
    keep(sio_slice(line, n));
    if (state.colours && state.ring)
        n = sio_log_line_text(l, true, true, line);
    line[n++] = '\n'; /* takes the NUL's place */
    sio_log_out_write(line, n);
}

static struct sio_log_line new_line(enum sio_log_level level, struct sio_slice message)
{
    return (struct sio_log_line){.level = level,
                                 .wall_ms = sio_clock_wall_ms(),
                                 .worker = state.worker,
                                 .pid = (int)getpid(),
                                 .message = message};
}

/* Lines get through again: how many did not. */
static void tell_lost(void)
{
    char text[128];
    uint64_t n = sio_log_out_lost() - state.lost_told;
    if (n == 0)
        return;
    state.lost_told += n;
    int len = snprintf(text, sizeof text, "log: %llu lines could not be written: %s",
                       (unsigned long long)n, strerror(sio_log_out_why()));
    struct sio_log_line l = new_line(SIO_LOG_WARN, sio_slice(text, (size_t)len));
    put_line(&l);
}

static void emit(const struct sio_log_line *l)
{
    uint64_t lost = sio_log_out_lost();
    if (state.sink) {
        char line[SIO_LOG_LINE_MAX];
        sio_log_line_text(l, false, false, line);
        state.sink(l->level, line);
        return;
    }
    put_line(l);
    if (sio_log_out_lost() == lost && lost != state.lost_told)
        tell_lost();
}

static void tell_held_back(const struct sio_quiet *q)
{
    struct sio_log_line l = new_line(q->level, sio_slice_str(q->text));
    l.suppressed = q->held_back;
    emit(&l);
}

static bool is_wanted(enum sio_log_level level)
{
    return level >= state.least && level < SIO_LOG_OFF;
}

/* Whether a line of the kind may be logged now. */
static bool may_pass(uint64_t kind, unsigned burst, unsigned *suppressed)
{
    struct sio_quiet forgotten;
    bool passes =
        sio_quiets_pass(&state.quiets, kind, burst, sio_clock_ms(), suppressed, &forgotten);
    if (forgotten.kind != 0)
        tell_held_back(&forgotten);
    return passes;
}

static void emit_kind(enum sio_log_level level, uint64_t kind, struct sio_slice message,
                      unsigned suppressed, const struct sio_log_field *fields, size_t n)
{
    struct sio_log_line l = new_line(level, message);
    l.suppressed = suppressed;
    l.fields = fields;
    l.n_fields = n;
    if (kind != 0)
        sio_quiets_describe(&state.quiets, kind, level, message);
    emit(&l);
}

/* ---- what is logged -------------------------------------------------------------------------- */

static struct sio_slice format(char text[SIO_LOG_LINE_MAX], const char *fmt, va_list args)
{
    int n = vsnprintf(text, SIO_LOG_LINE_MAX, fmt, args);
    return sio_slice(text, n < 0 ? 0 : n < SIO_LOG_LINE_MAX ? (size_t)n : SIO_LOG_LINE_MAX - 1);
}

static size_t about_fields(struct sio_log_about about, struct sio_log_field out[2])
{
    size_t n = 0;
    if (about.sid != NULL)
        out[n++] = (struct sio_log_field){SIO_LIT("sid"), sio_slice_str(about.sid), false};
    if (about.ip != NULL)
        out[n++] = (struct sio_log_field){SIO_LIT("ip"), sio_slice_str(about.ip), false};
    return n;
}

static void log_limited(enum sio_log_level level, const char *key, struct sio_log_about about,
                        const char *fmt, va_list args)
{
    uint64_t kind = (uint64_t)(uintptr_t)key;
    char text[SIO_LOG_LINE_MAX];
    struct sio_log_field fields[2];
    unsigned suppressed;
    if (is_wanted(level) && may_pass(kind, 1, &suppressed))
        emit_kind(level, kind, format(text, fmt, args), suppressed, fields,
                  about_fields(about, fields));
}

void sio_log(enum sio_log_level level, const char *fmt, ...)
{
    char text[SIO_LOG_LINE_MAX];
    va_list args;
    if (!is_wanted(level))
        return;
    va_start(args, fmt);
    emit_kind(level, 0, format(text, fmt, args), 0, NULL, 0);
    va_end(args);
}

void sio_log_limited(enum sio_log_level level, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_limited(level, key, (struct sio_log_about){0}, fmt, args);
    va_end(args);
}

void sio_log_about(enum sio_log_level level, const char *key, struct sio_log_about about,
                   const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_limited(level, key, about, fmt, args);
    va_end(args);
}

void sio_log_write(enum sio_log_level level, struct sio_slice message,
                   const struct sio_log_field *fields, size_t n)
{
    if (is_wanted(level))
        emit_kind(level, 0, message, 0, fields, n);
}

void sio_log_repeated(enum sio_log_level level, uint64_t kind, unsigned burst,
                      struct sio_slice message, const struct sio_log_field *fields, size_t n)
{
    unsigned suppressed;
    if (is_wanted(level) && may_pass(kind, burst, &suppressed))
        emit_kind(level, kind, message, suppressed, fields, n);
}

void sio_log_announce(enum sio_log_level level, struct sio_slice plain, struct sio_slice message,
                      const struct sio_log_field *fields, size_t n)
{
    char line[SIO_LOG_LINE_MAX];
    if (state.json) {
        emit_kind(level, 0, message, 0, fields, n);
        return;
    }
    size_t len = sio_log_line_plain(plain, line);
    keep(sio_slice(line, len));
    line[len++] = '\n';
    sio_log_out_write(line, len);
}

const char *sio_log_text(struct sio_slice s)
{
    static char ring[4][SIO_LOG_TEXT_MAX * 4 + 4];
    static unsigned turn;
    char *out = ring[turn++ % 4];
    size_t n = 0;
    for (size_t i = 0; i < s.len && i < SIO_LOG_TEXT_MAX; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '\\')
            n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    memcpy(out + n, s.len > SIO_LOG_TEXT_MAX ? "..." : "", s.len > SIO_LOG_TEXT_MAX ? 4 : 1);
    return out;
}

/* ---- settings and the last lines ------------------------------------------------------------- */

void sio_log_open(void)
{
    if (state.opened)
        return;
    state.opened = true;
    sio_log_out_open();
    atexit(sio_log_finish);
}

void sio_log_guard(void)
{
    sio_log_out_guard();
}

void sio_log_set_level(enum sio_log_level least)
{
    state.least = least;
}

enum sio_log_level sio_log_least(void)
{
    return state.least;
}

void sio_log_set_format(enum sio_log_format format)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool tty = sio_log_out_tty(), dumb = term == NULL || strcmp(term, "dumb") == 0;
    state.json = format == SIO_LOG_AUTO ? !tty : format == SIO_LOG_JSON;
    state.colours = tty && !state.json && !dumb && (no_color == NULL || no_color[0] == '\0');
}

bool sio_log_is_json(void)
{
    return state.json;
}

void sio_log_set_sink(sio_log_sink sink)
{
    state.sink = sink;
}

void sio_log_set_worker(unsigned number)
{
    state.worker = number;
}

static void tell_due(uint64_t now_ms)
{
    struct sio_quiet q;
    while (sio_quiets_due(&state.quiets, now_ms, &q))
        tell_held_back(&q);
}

void sio_log_tick(void)
{
    tell_due(sio_clock_ms());
}

void sio_log_finish(void)
{
    tell_due(UINT64_MAX);
}

uint64_t sio_log_lost(void)
{
    return sio_log_out_lost();
}

void sio_log_keep(unsigned lines)
{
    sio_log_ring_free(state.ring);
    lines = lines < SIO_LOG_KEEP_MAX ? lines : SIO_LOG_KEEP_MAX;
    state.ring = lines != 0 ? sio_log_ring_new(lines) : NULL;
}

uint64_t sio_log_kept(uint64_t after, struct sio_slice *line)
{
    return state.ring ? sio_log_ring_after(state.ring, after, line) : 0;
}

void sio_log_set_tee(void (*tee)(void *ctx), void *ctx)
{
    state.tee = tee;
    state.tee_ctx = ctx;
}
