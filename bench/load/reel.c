// SPDX-License-Identifier: MIT
/* What the two dialects say, and the rendering of it. Stands on frame; the works call it.
 *
 * Invariant: the entries from n on repeat the first LOAD_INFLIGHT_MAX, so that a slice that runs
 * over the end is still one run of bytes.
 */
#include "reel.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REEL_BYTES = 64 << 20,
    LEAST_TURNS = 8, /* a client must tell the last message from the next */
};

/* Compressible as text is, and without a character that JSON would escape. */
static void make_value(char *value, uint32_t size, uint32_t k)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog 0123456789 ";
    snprintf(value, (size_t)size + 1, "%010u", k);
    for (uint32_t i = LOAD_VALUE_MIN; i < size; i++)
        value[i] = text[(i + k) % (sizeof text - 1)];
    value[size] = '\0';
}

static void print_sent(struct load_bytes *out, const struct load_options *options,
                       enum load_kind kind, uint32_t k, const char *value)
{
    uint32_t room = options->rooms > 0 ? k % options->rooms : 0;
    bool raw = options->dialect == LOAD_RAW;
    switch (kind) {
    case LOAD_ECHO:
        if (raw)
            load_bytes_print(out, "e%s", value);
        else
            load_bytes_print(out, "42%u[\"echo\",\"%s\"]", k, value);
        return;
    case LOAD_SAY:
        load_bytes_print(out, raw ? "b%s" : "42[\"say\",\"%s\"]", value);
        return;
    case LOAD_SHOUT:
        load_bytes_print(out, raw ? "r%u;%s" : "42[\"shout\",\"r%u\",\"%s\"]", room, value);
        return;
    }
}

/* The floor gives back what it got. */
static void print_told(struct load_bytes *out, const struct load_options *options,
                       enum load_kind kind, uint32_t k, const char *value)
{
    if (options->dialect == LOAD_RAW)
        print_sent(out, options, kind, k, value);
    else if (kind == LOAD_ECHO)
        load_bytes_print(out, "43%u[\"%s\"]", k, value);
    else
        load_bytes_print(out, "42[\"said\",\"%s\"]", value);
}

static void add(struct load_reel *reel, const struct load_options *options, enum load_kind kind,
                uint32_t k, char *value)
{
    struct load_bytes text = {0};
    make_value(value, options->size, k);
    print_sent(&text, options, kind, k, value);
    load_frame_render(&reel->sent, LOAD_TEXT, false, text.p, text.len);
    load_bytes_fini(&text);
    print_told(&reel->told, options, kind, k, value);
}

/* Message k goes to room k % rooms, so entry k % n must, too. */
static uint32_t whole_turns(const struct load_options *options, uint32_t n)
{
    uint32_t turn = options->rooms != 0 ? options->rooms : 1;
    uint32_t most = REEL_BYTES / (options->size + 64);
    uint32_t turns = (n < most ? n : most) / turn;
    return turn * (turns > LEAST_TURNS ? turns : LEAST_TURNS);
}

void load_reel_init(struct load_reel *reel, const struct load_options *options, enum load_kind kind,
                    uint32_t n)
{
    *reel = (struct load_reel){.n = whole_turns(options, n), .parts = 1};
    uint32_t entries = reel->n + LOAD_INFLIGHT_MAX;
    reel->sent_at = calloc(entries + 1, sizeof *reel->sent_at);
    reel->told_at = calloc(entries + 1, sizeof *reel->told_at);
    char *value = malloc(options->size + 1);
    if (reel->sent_at == NULL || reel->told_at == NULL || value == NULL)
        load_fail("no memory for %u messages", entries);
    for (uint32_t i = 0; i < entries; i++) {
        add(reel, options, kind, i % reel->n, value);
        reel->sent_at[i + 1] = reel->sent.len;
        reel->told_at[i + 1] = reel->told.len;
    }
    free(value);
}

void load_reel_fini(struct load_reel *reel)
{
    load_bytes_fini(&reel->sent);
    load_bytes_fini(&reel->told);
    free(reel->sent_at);
    free(reel->told_at);
}

struct load_slice load_reel_sent(const struct load_reel *reel, uint32_t k, uint32_t count)
{
    size_t from = reel->sent_at[k % reel->n];
    return (struct load_slice){reel->sent.p + from, reel->sent_at[k % reel->n + count] - from};
}

bool load_reel_is(const struct load_reel *reel, uint32_t k, unsigned part,
                  const struct load_frame *frame)
{
    uint32_t i = k % reel->n * reel->parts + part;
    size_t from = reel->told_at[i];
    return frame->opcode == LOAD_TEXT && frame->len == reel->told_at[i + 1] - from &&
           memcmp(frame->payload, reel->told.p + from, frame->len) == 0;
}

void load_reel_text(struct load_bytes *out, const char *text)
{
    load_frame_render(out, LOAD_TEXT, false, text, strlen(text));
}
