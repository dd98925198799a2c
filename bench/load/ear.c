// SPDX-License-Identifier: MIT
/* The judge. Stands on reel; the works call it for every frame, so the right one costs a memcmp.
 *
 * A message before its turn means that another was lost, or that the two were swapped: what comes
 * next tells. The missing one is then reordered; if nothing comes, it is lost.
 */
#include "ear.h"

#include "fail.h"

enum {
    LOOK = 128, /* messages around the expected one that are recognised */
    SHOWN = 80, /* bytes of one that is not */
};

static uint32_t message_at(const struct load_ear *ear, const struct load_reel *reel, uint32_t turn)
{
    return ear->first + (ear->heard / reel->parts + turn) * ear->stride;
}

static bool is_message(const struct load_reel *reel, uint32_t k, const struct load_frame *frame)
{
    for (unsigned part = 0; part < reel->parts; part++) {
        if (load_reel_is(reel, k, part, frame))
            return true;
    }
    return false;
}

static void judge(struct load_ear *ear, const struct load_reel *reel,
                  const struct load_frame *frame)
{
    uint32_t expected = message_at(ear, reel, 0);
    if (ear->gap && is_message(reel, expected, frame))
        load_fail("client %u: message %u is reordered: a later one came first", ear->client,
                  expected);
    for (uint32_t d = 1; d <= LOOK && !ear->gap; d++) {
        uint32_t earlier = message_at(ear, reel, -d);
        if (d <= load_ear_messages(ear, reel) && is_message(reel, earlier, frame))
            load_fail("client %u: message %u is duplicated", ear->client, earlier);
        ear->gap = is_message(reel, message_at(ear, reel, d), frame);
    }
    if (!ear->gap)
        load_fail("client %u: message %u is altered: \"%.*s\"", ear->client, expected,
                  frame->len < SHOWN ? (int)frame->len : SHOWN, (const char *)frame->payload);
}

bool load_ear_take(struct load_ear *ear, const struct load_reel *reel,
                   const struct load_frame *frame, uint32_t *k)
{
    *k = message_at(ear, reel, 0);
    unsigned part = ear->heard % reel->parts;
    if (ear->gap || !load_reel_is(reel, *k, part, frame)) {
        judge(ear, reel, frame);
        return false;
    }
    ear->heard++;
    return part == reel->parts - 1;
}

void load_ear_expect(const struct load_ear *ear, const struct load_reel *reel, uint32_t due)
{
    if (load_ear_messages(ear, reel) < due)
        load_fail("client %u: message %u is lost: %u of %u were heard, then came %s", ear->client,
                  message_at(ear, reel, 0), load_ear_messages(ear, reel), due,
                  ear->gap ? "a later one" : "nothing");
}
