// SPDX-License-Identifier: MIT
/* The judge. Stands on reel; the works call it for every frame, so the right one costs a memcmp.
 *
 * A message that is ahead of its turn may mean that another was lost or that the two were swapped.
 * That is decided by what comes next: the barrier (crowd.h) is sent, and either the missing message
 * arrives before its answer, or it is lost.
 */
#include "check.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK = 128 }; /* messages around the expected one that are recognised */

static uint32_t message_of(const struct load_ear *ear, const struct load_reel *reel, int64_t offset)
{
    int64_t turn = (int64_t)(ear->heard / reel->parts) + offset;
    return turn < 0 ? UINT32_MAX : ear->first + (uint32_t)turn * ear->stride;
}

static bool is_heard(const struct load_client *client, const struct load_reel *reel, int64_t offset,
                     const struct load_frame *frame)
{
    uint32_t k = message_of(&client->ear, reel, offset);
    for (unsigned part = 0; k != UINT32_MAX && part < reel->parts; part++) {
        if (load_reel_is(reel, k, part, frame))
            return true;
    }
    return false;
}

const char *load_check_text(const struct load_frame *frame)
{
    char *text = malloc(frame->len + 1);
    if (text == NULL)
        load_fail("no memory for a message");
    memcpy(text, frame->payload, frame->len);
    text[frame->len] = '\0';
    return text;
}

static void judge(struct load_client *client, const struct load_reel *reel,
                  const struct load_frame *frame)
{
    uint32_t number = client->conn.index;
    uint32_t expected = message_of(&client->ear, reel, 0);
    if (client->ear.gap && is_heard(client, reel, 0, frame))
        load_fail("client %u: message %u is reordered: a later one came first", number, expected);
    if (client->ear.gap && load_crowd_is_barrier(client->crowd, frame))
        load_fail("client %u: message %u is lost: a later one came", number, expected);
    if (client->ear.gap)
        return;
    for (int64_t d = 1; d <= LOOK; d++) {
        if (is_heard(client, reel, -d, frame))
            load_fail("client %u: message %u is duplicated", number,
                      message_of(&client->ear, reel, -d));
        client->ear.gap = client->ear.gap || is_heard(client, reel, d, frame);
    }
    if (!client->ear.gap)
        load_fail("client %u: message %u is altered: \"%.80s\"", number, expected,
                  load_check_text(frame));
    load_crowd_bar(client);
}

void load_check_frame(struct load_client *client, const struct load_reel *reel,
                      const struct load_frame *frame)
{
    struct load_ear *ear = &client->ear;
    uint32_t k = ear->first + ear->heard / reel->parts * ear->stride;
    if (!ear->gap && load_reel_is(reel, k, ear->heard % reel->parts, frame))
        ear->heard++;
    else
        judge(client, reel, frame);
}

_Noreturn void load_check_missing(const struct load_client *client, uint32_t due)
{
    load_fail("client %u: message %u is lost: %u of %u came, then nothing for %u s",
              client->conn.index, client->ear.first + client->ear.heard * client->ear.stride,
              client->ear.heard, due, client->crowd->options->patience_s);
}

static void on_frame(struct load_client *client, const struct load_frame *frame)
{
    load_fail("client %u: \"%.80s\", but nobody said anything", client->conn.index,
              load_check_text(frame));
}

const struct load_work load_check_silence = {.on_frame = on_frame};
