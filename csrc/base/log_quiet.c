// SPDX-License-Identifier: MIT
/* The table of kinds. Few enough to be looked at one by one; only lines that are logged cost that.
 */
#include "base/log_quiet.h"

/* The kind's entry, or the one to use for it: a free one, else the oldest. */
static struct sio_quiet *find(struct sio_quiets *q, uint64_t kind)
{
    struct sio_quiet *spare = &q->table[0];
    for (size_t i = 0; i < SIO_LOG_KINDS_MAX; i++) {
        struct sio_quiet *each = &q->table[i];
        if (each->kind == kind)
            return each;
        if (spare->kind != 0 && (each->kind == 0 || each->since_ms < spare->since_ms))
            spare = each;
    }
    return spare;
}

bool sio_quiets_pass(struct sio_quiets *q, uint64_t kind, unsigned burst, uint64_t now_ms,
                     unsigned *before, struct sio_quiet *forgotten)
{
    struct sio_quiet *at = find(q, kind);
    bool known = at->kind == kind;
    *before = 0;
    forgotten->kind = 0;
    if (known && now_ms - at->since_ms < SIO_LOG_QUIET_MS) {
        bool passes = at->passed < burst;
        at->passed += passes;
        at->held_back += !passes;
        return passes;
    }
    if (known)
        *before = at->held_back;
    else if (at->kind != 0 && at->held_back != 0)
        *forgotten = *at;
    *at = (struct sio_quiet){.kind = kind, .since_ms = now_ms, .passed = 1};
    return true;
}

void sio_quiets_describe(struct sio_quiets *q, uint64_t kind, enum sio_log_level level,
                         struct sio_slice message)
{
    struct sio_quiet *at = find(q, kind);
    if (at->kind != kind || at->passed != 1)
        return;
    const char *newline = message.len ? memchr(message.p, '\n', message.len) : NULL;
    size_t n = newline ? (size_t)(newline - message.p) : message.len;
    n = n < sizeof at->text ? n : sizeof at->text - 1;
    at->level = level;
    memcpy(at->text, message.p, n);
    at->text[n] = '\0';
}

bool sio_quiets_due(struct sio_quiets *q, uint64_t now_ms, struct sio_quiet *out)
{
    for (size_t i = 0; i < SIO_LOG_KINDS_MAX; i++) {
        struct sio_quiet *each = &q->table[i];
        if (each->kind == 0 || each->held_back == 0 || now_ms - each->since_ms < SIO_LOG_QUIET_MS)
            continue;
        *out = *each;
        *each = (struct sio_quiet){0};
        return true;
    }
    return false;
}
