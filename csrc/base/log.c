// SPDX-License-Identifier: MIT
/* The log. Stands on clock and slice; every layer calls it, none reads it back.
 *
 * The line is built on the stack and leaves in one write(2), so lines of several workers on one
 * stderr do not mix. What is kept between calls (level, sink, tag, quiet keys) is the process's.
 */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct quiet {
    const char *key; /* compared by address: a static string */
    uint64_t since_ms;
    unsigned held_back;
};

static struct {
    enum sio_log_level least;
    sio_log_sink sink;
    char tag[SIO_LOG_TAG_MAX + 1];
    struct quiet quiet[SIO_LOG_KEYS_MAX];
} state = {.least = SIO_LOG_INFO};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

/* snprintf's count, cut to what was written. */
static size_t clamp(int n, size_t room)
{
    if (n < 0)
        return 0;
    return (size_t)n < room ? (size_t)n : room - 1;
}

static size_t write_stamp(char *out, size_t room, enum sio_log_level level)
{
    uint64_t now_ms = sio_clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    return clamp(snprintf(out, room, "%02d:%02d:%02d.%03u %s ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                          (unsigned)(now_ms % 1000), level_names[level]),
                 room);
}

static void emit_line(enum sio_log_level level, const char *fmt, va_list args, unsigned held_back)
{
    char line[SIO_LOG_LINE_MAX];
    size_t at = state.sink ? 0 : write_stamp(line, sizeof line, level);
    if (state.tag[0])
        at += clamp(snprintf(line + at, sizeof line - at, "[%s] ", state.tag), sizeof line - at);
    at += clamp(vsnprintf(line + at, sizeof line - at, fmt, args), sizeof line - at);
    if (held_back)
        at += clamp(snprintf(line + at, sizeof line - at, " (%u more held back)", held_back),
                    sizeof line - at);
    if (state.sink) {
        state.sink(level, line);
        return;
    }
    line[at++] = '\n'; /* takes the NUL's place */
    if (write(STDERR_FILENO, line, at) < 0)
        return; /* nobody is left to tell */
}

void sio_log(enum sio_log_level level, const char *fmt, ...)
{
    va_list args;
    if (level < state.least || level >= SIO_LOG_OFF)
        return;
    va_start(args, fmt);
    emit_line(level, fmt, args, 0);
    va_end(args);
}

/* The key's entry, or the one to use for it: a free one, else the oldest. */
static struct quiet *find_quiet(const char *key)
{
    struct quiet *oldest = &state.quiet[0];
    for (size_t i = 0; i < SIO_LOG_KEYS_MAX; i++) {
        struct quiet *q = &state.quiet[i];
        if (q->key == key || q->key == NULL)
            return q;
        if (q->since_ms < oldest->since_ms)
            oldest = q;
    }
    return oldest;
}

void sio_log_limited(enum sio_log_level level, const char *key, const char *fmt, ...)
{
    struct quiet *q = find_quiet(key);
    uint64_t now_ms = sio_clock_ms();
    unsigned held_back = q->key == key ? q->held_back : 0;
    va_list args;
    if (level < state.least || level >= SIO_LOG_OFF)
        return;
    if (q->key == key && now_ms - q->since_ms < SIO_LOG_QUIET_MS) {
        q->held_back++;
        return;
    }
    *q = (struct quiet){.key = key, .since_ms = now_ms};
    va_start(args, fmt);
    emit_line(level, fmt, args, held_back);
    va_end(args);
}

void sio_log_set_level(enum sio_log_level least)
{
    state.least = least;
}

void sio_log_set_sink(sio_log_sink sink)
{
    state.sink = sink;
}

void sio_log_set_tag(const char *tag)
{
    snprintf(state.tag, sizeof state.tag, "%s", tag ? tag : "");
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
