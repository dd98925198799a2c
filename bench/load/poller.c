// SPDX-License-Identifier: MIT
/* Requests and responses of one poller. Stands on conn and http; polling calls it.
 *
 * Invariant: from GREETED on a GET is pending whenever no turn is running; `posting` until the
 * "ok" of the POST.
 */
#include "poller.h"

#include "fail.h"
#include "http.h"

#include <stdlib.h>
#include <string.h>

enum { SEPARATOR = 0x1e }; /* of packets in a payload, EIO v4 §Payload encoding */

_Noreturn static void fail_with(const struct load_poller *poller, const struct load_frame *packet)
{
    load_fail("client %u: \"%.*s\" was not expected", poller->get.index, (int)packet->len,
              (const char *)packet->payload);
}

static bool starts_with(const struct load_frame *packet, const char *text)
{
    return packet->len >= strlen(text) && memcmp(packet->payload, text, strlen(text)) == 0;
}

static void send_get(struct load_poller *poller)
{
    load_conn_send(&poller->get, poller->get_request.p, poller->get_request.len);
}

void load_poller_post(struct load_poller *poller, const void *packet, size_t len)
{
    static const char pong[] = {'3', SEPARATOR};
    size_t pong_len = poller->pong_due ? sizeof pong : 0;
    struct load_bytes out = {0};
    load_bytes_append(&out, poller->post_head.p, poller->post_head.len);
    load_bytes_print(&out, "%zu\r\n\r\n", pong_len + len);
    load_bytes_append(&out, pong, pong_len);
    load_bytes_append(&out, packet, len);
    load_conn_send(&poller->post, out.p, out.len);
    load_bytes_fini(&out);
    poller->posting = true;
    poller->pong_due = false;
}

/* 0{..."sid":"..."...}: the session of all requests from now on. */
static void greet(struct load_poller *poller, const struct load_frame *packet)
{
    static const char name[] = "\"sid\":\"";
    const uint8_t *stop = packet->payload + packet->len;
    const uint8_t *at = memmem(packet->payload, packet->len, name, sizeof name - 1);
    at = at != NULL ? at + sizeof name - 1 : stop;
    const uint8_t *end = memchr(at, '"', (size_t)(stop - at));
    if (!starts_with(packet, "0{") || end == NULL)
        fail_with(poller, packet);
    char *sid = strndup((const char *)at, (size_t)(end - at));
    if (sid == NULL)
        load_fail("no memory for a session");
    poller->get_request.len = 0;
    load_http_head(&poller->get_request, poller->user->options, "GET", sid);
    load_http_head(&poller->post_head, poller->user->options, "POST", sid);
    free(sid);
    poller->stage = LOAD_POLLER_GREETED;
    load_poller_post(poller, "40", 2);
}

static void on_packet(struct load_poller *poller, const struct load_frame *packet)
{
    if (packet->len == 1 && packet->payload[0] == '2') {
        poller->pong_due = true;
    } else if (poller->stage == LOAD_POLLER_OPENING) {
        greet(poller, packet);
    } else if (poller->stage == LOAD_POLLER_READY) {
        poller->user->on_packet(poller, packet);
    } else if (starts_with(packet, "40{")) {
        poller->stage = LOAD_POLLER_READY;
        poller->user->on_ready(poller);
    } else {
        fail_with(poller, packet);
    }
}

static void split(struct load_poller *poller, const struct load_response *response)
{
    const uint8_t *p = response->body;
    const uint8_t *end = p + response->len;
    while (p < end) {
        const uint8_t *stop = memchr(p, SEPARATOR, (size_t)(end - p));
        if (stop == NULL)
            stop = end;
        on_packet(poller, &(struct load_frame){
                              .opcode = LOAD_TEXT, .payload = p, .len = (size_t)(stop - p)});
        p = stop + 1;
    }
}

/* The next GET leaves before its packets' answers, as the official client's does. */
static size_t on_get(struct load_conn *conn, const uint8_t *p, size_t len)
{
    struct load_poller *poller =
        (struct load_poller *)((char *)conn - offsetof(struct load_poller, get));
    struct load_response response;
    size_t taken = load_http_find(p, len, &poller->joined, &response);
    if (taken == 0)
        return 0;
    if (poller->stage == LOAD_POLLER_OPENING) {
        split(poller, &response);
        send_get(poller);
    } else {
        send_get(poller);
        split(poller, &response);
    }
    if (poller->stage == LOAD_POLLER_READY && !poller->posting)
        poller->user->on_idle(poller);
    return taken;
}

static size_t on_post(struct load_conn *conn, const uint8_t *p, size_t len)
{
    struct load_poller *poller =
        (struct load_poller *)((char *)conn - offsetof(struct load_poller, post));
    struct load_response response;
    size_t taken = load_http_find(p, len, &poller->joined, &response);
    if (taken == 0)
        return 0;
    if (!poller->posting || response.len != 2 ||
        strncasecmp((const char *)response.body, "ok", 2) != 0) /* python-socketio says OK */
        load_fail("client %u: a POST was answered with \"%.*s\"", conn->index, (int)response.len,
                  (const char *)response.body);
    poller->posting = false;
    if (poller->stage == LOAD_POLLER_READY)
        poller->user->on_idle(poller);
    return taken;
}

static const struct load_conn_user get_user = {on_get, NULL};
static const struct load_conn_user post_user = {on_post, NULL};

void load_poller_open(struct load_poller *poller, struct load_loop *loop, uint32_t index,
                      const struct load_poller_user *user)
{
    *poller = (struct load_poller){.user = user, .ear = {.client = index, .stride = 1}};
    load_conn_open(&poller->get, loop, index, &get_user);
    load_conn_open(&poller->post, loop, index, &post_user);
    load_http_head(&poller->get_request, user->options, "GET", "");
    send_get(poller);
}

void load_poller_close(struct load_poller *poller)
{
    load_conn_close(&poller->get);
    load_conn_close(&poller->post);
    load_bytes_fini(&poller->get_request);
    load_bytes_fini(&poller->post_head);
    load_bytes_fini(&poller->joined);
}
