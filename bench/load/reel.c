// SPDX-License-Identifier: MIT
/* What the two dialects say, and the rendering of it. Stands on frame; the works call it.
 *
 * Invariant: the entries from n on repeat the first LOAD_INFLIGHT_MAX, so that a slice that runs
 * over the end is still one run of bytes.
 */
#include "reel.h"

#include "deflate.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGES = 4096,
    REEL_BYTES = 16 << 20,
    LEAST_TURNS = 8, /* a client must tell the last message from the next */
};

#define PLACEHOLDER "{\"_placeholder\":true,\"num\":0}"

/* Compressible as text is, and without a character that JSON would escape. */
static void make_value(char *value, uint32_t size, uint32_t k)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog 0123456789 ";
    snprintf(value, (size_t)size + 1, "%010u", k);
    for (uint32_t i = LOAD_VALUE_MIN; i < size; i++)
        value[i] = text[(i + k) % (sizeof text - 1)];
    value[size] = '\0';
}

/* The floor gives back what it got. */
static void print_raw(struct load_bytes *out, enum load_kind kind, uint32_t room, const char *value)
{
    if (kind == LOAD_SHOUT)
        load_bytes_print(out, "r%u;%s", room, value);
    else
        load_bytes_print(out, "%c%s", kind == LOAD_ECHO ? 'e' : 'b', value);
}

static void print_emit(struct load_bytes *out, enum load_kind kind, bool binary, uint32_t k,
                       uint32_t room, const char *argument)
{
    const char *type = binary ? "451-" : "42";
    if (kind == LOAD_ECHO)
        load_bytes_print(out, "%s%u[\"echo\",%s]", type, k, argument);
    else if (kind == LOAD_SAY)
        load_bytes_print(out, "%s[\"say\",%s]", type, argument);
    else
        load_bytes_print(out, "%s[\"shout\",\"r%u\",%s]", type, room, argument);
}

static void print_answer(struct load_bytes *out, enum load_kind kind, bool binary, uint32_t k,
                         const char *argument)
{
    if (kind == LOAD_ECHO)
        load_bytes_print(out, "%s%u[%s]", binary ? "461-" : "43", k, argument);
    else
        load_bytes_print(out, "%s[\"said\",%s]", binary ? "451-" : "42", argument);
}

static void add_sent(struct load_reel *reel, const struct load_options *options,
                     enum load_opcode opcode, const void *p, size_t len)
{
    if (reel->wire == LOAD_TEXTS) {
        load_bytes_append(&reel->sent, p, len);
    } else if (options->deflate) {
        struct load_bytes small = {0};
        load_deflate(&small, p, len);
        load_frame_render(&reel->sent, opcode, true, small.p, small.len);
        load_bytes_fini(&small);
    } else {
        load_frame_render(&reel->sent, opcode, false, p, len);
    }
}

static void end_part(struct load_reel *reel, uint32_t i, unsigned part)
{
    reel->told_at[i * reel->parts + part + 1] = reel->told.len;
}

static void add_raw(struct load_reel *reel, const struct load_options *options, enum load_kind kind,
                    uint32_t i, uint32_t room, const char *value)
{
    size_t from = reel->told.len;
    print_raw(&reel->told, kind, room, value);
    add_sent(reel, options, reel->opcodes[0], reel->told.p + from, reel->told.len - from);
    end_part(reel, i, 0);
}

static void add_packet(struct load_reel *reel, const struct load_options *options,
                       enum load_kind kind, uint32_t i, uint32_t room, const char *value)
{
    uint32_t k = i % reel->n;
    struct load_bytes text = {0};
    struct load_bytes argument = {0};
    load_bytes_print(&argument, options->binary ? PLACEHOLDER : "\"%s\"", value);
    const char *json = (const char *)argument.p;
    print_emit(&text, kind, options->binary, k, room, json);
    add_sent(reel, options, LOAD_TEXT, text.p, text.len);
    print_answer(&reel->told, kind, options->binary, k, json);
    end_part(reel, i, 0);
    if (options->binary) {
        add_sent(reel, options, LOAD_BINARY, value, options->size);
        load_bytes_append(&reel->told, value, options->size);
        end_part(reel, i, 1);
    }
    load_bytes_fini(&text);
    load_bytes_fini(&argument);
}

/* Message k goes to room k % rooms, so entry k % n must, too. */
static uint32_t whole_turns(const struct load_options *options)
{
    uint32_t turn = options->rooms != 0 ? options->rooms : 1;
    uint32_t most = REEL_BYTES / (options->size + 64);
    uint32_t turns = (MESSAGES < most ? MESSAGES : most) / turn;
    return turn * (turns > LEAST_TURNS ? turns : LEAST_TURNS);
}

void load_reel_init(struct load_reel *reel, const struct load_options *options, enum load_kind kind,
                    enum load_wire wire)
{
    bool raw = options->dialect == LOAD_RAW;
    *reel = (struct load_reel){
        .n = whole_turns(options),
        .parts = options->binary && !raw ? 2 : 1,
        .opcodes = {options->binary && raw ? LOAD_BINARY : LOAD_TEXT, LOAD_BINARY},
        .wire = wire,
    };
    uint32_t entries = reel->n + LOAD_INFLIGHT_MAX;
    reel->sent_at = calloc(entries + 1, sizeof *reel->sent_at);
    reel->told_at = calloc((size_t)entries * reel->parts + 1, sizeof *reel->told_at);
    char *value = malloc((size_t)options->size + 1);
    if (reel->sent_at == NULL || reel->told_at == NULL || value == NULL)
        load_fail("no memory for %u messages", entries);
    for (uint32_t i = 0; i < entries; i++) {
        uint32_t room = options->rooms > 0 ? i % reel->n % options->rooms : 0;
        make_value(value, options->size, i % reel->n);
        (raw ? add_raw : add_packet)(reel, options, kind, i, room, value);
        reel->sent_at[i + 1] = reel->sent.len;
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
    return frame->opcode == reel->opcodes[part] && frame->len == reel->told_at[i + 1] - from &&
           memcmp(frame->payload, reel->told.p + from, frame->len) == 0;
}
