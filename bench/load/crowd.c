// SPDX-License-Identifier: MIT
/* Clients from their first byte to their last. Stands on conn, frame and handshake; the works call
 * it.
 *
 * Invariant: ready <= opened <= n, and at most `pending` of the opened are not ready.
 */
#include "crowd.h"

#include "clock.h"
#include "fail.h"
#include "handshake.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 80 }; /* bytes of a wrong message */

static const char *barrier_sent[] = {"42999999[\"echo\",\"end\"]", "e999999;end"};
static const char *barrier_told[] = {"43999999[\"end\"]", "e999999;end"};

static void send_pong(struct load_client *client, const struct load_frame *ping)
{
    struct load_bytes out = {0};
    load_frame_render(&out, LOAD_PONG, false, ping->payload, ping->len);
    load_conn_send(&client->conn, out.p, out.len);
    load_bytes_fini(&out);
}

void load_client_say(struct load_client *client, const char *text)
{
    struct load_bytes out = {0};
    load_frame_render(&out, LOAD_TEXT, false, text, strlen(text));
    load_conn_send(&client->conn, out.p, out.len);
    load_bytes_fini(&out);
}

static bool is_heartbeat(const struct load_client *client, const struct load_frame *frame)
{
    return client->crowd->options->dialect == LOAD_SIO && frame->opcode == LOAD_TEXT &&
           frame->len == 1 && frame->payload[0] == '2';
}

static void on_frame(struct load_client *client, const struct load_frame *frame)
{
    struct load_crowd *crowd = client->crowd;
    if (frame->opcode == LOAD_PING)
        return send_pong(client, frame);
    if (frame->opcode == LOAD_CLOSE)
        load_fail("client %u: the server sent a close frame", client->conn.index);
    if (is_heartbeat(client, frame))
        return load_client_say(client, "3");
    crowd->moved = true;
    if (client->stage == LOAD_READY) {
        crowd->work->on_frame(client, frame);
        return;
    }
    load_handshake_frame(client, frame);
    crowd->ready += client->stage == LOAD_READY;
}

static size_t on_bytes(struct load_conn *conn, const uint8_t *p, size_t len)
{
    struct load_client *client = (struct load_client *)conn;
    size_t taken = 0;
    if (client->stage == LOAD_OPENING) {
        taken = load_handshake_response(client, p, len);
        client->crowd->ready += client->stage == LOAD_READY;
        client->crowd->moved = true;
    }
    struct load_frame frame;
    size_t n;
    while (client->stage != LOAD_OPENING &&
           (n = load_frame_find(p + taken, len - taken, &frame)) > 0) {
        if (frame.deflated)
            load_inflate(&client->inflater, &frame);
        on_frame(client, &frame);
        taken += n;
    }
    return taken;
}

static void on_read(struct load_conn *conn)
{
    struct load_client *client = (struct load_client *)conn;
    if (client->stage == LOAD_READY && client->crowd->work->on_read != NULL)
        client->crowd->work->on_read(client);
}

static const struct load_conn_user user = {on_bytes, on_read};

_Noreturn static void fail_unasked(const struct load_client *client, const struct load_frame *frame)
{
    load_fail("client %u: duplicated or too much: \"%.*s\"", client->conn.index,
              frame->len < SHOWN ? (int)frame->len : SHOWN, (const char *)frame->payload);
}

static void on_unasked(struct load_client *client, const struct load_frame *frame)
{
    fail_unasked(client, frame);
}

static const struct load_work silence = {.on_frame = on_unasked};

void load_crowd_init(struct load_crowd *crowd, const struct load_options *options, uint32_t n)
{
    *crowd = (struct load_crowd){.options = options, .n = n, .work = &silence};
    load_loop_init(&crowd->loop, options);
    load_handshake_request(&crowd->request, options);
    const char *barrier = barrier_sent[options->dialect];
    load_frame_render(&crowd->barrier, LOAD_TEXT, false, barrier, strlen(barrier));
    crowd->clients = calloc(n, sizeof *crowd->clients);
    if (crowd->clients == NULL)
        load_fail("no memory for %u clients", n);
    for (uint32_t i = 0; i < n; i++)
        crowd->clients[i] = (struct load_client){
            .crowd = crowd,
            .conn.fd = -1,
            .ear = {.client = i, .stride = 1},
        };
}

void load_crowd_fini(struct load_crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->n; i++) {
        load_conn_close(&crowd->clients[i].conn);
        load_inflater_free(crowd->clients[i].inflater);
    }
    free(crowd->clients);
    load_bytes_fini(&crowd->request);
    load_bytes_fini(&crowd->barrier);
    load_loop_fini(&crowd->loop);
}

void load_crowd_turn(struct load_crowd *crowd, uint64_t wait_ns)
{
    crowd->moved = false;
    load_loop_turn(&crowd->loop, wait_ns);
    if (crowd->moved)
        crowd->last_frame_ns = load_clock_ns();
}

void load_crowd_wait(struct load_crowd *crowd, uint64_t most_ns)
{
    uint64_t patience_ns = crowd->options->patience_s * UINT64_C(1000000000);
    load_crowd_turn(crowd, most_ns < patience_ns ? most_ns : patience_ns);
    if (crowd->moved || load_clock_ns() - crowd->last_frame_ns < patience_ns)
        return;
    if (crowd->work->on_stall != NULL)
        crowd->work->on_stall(crowd);
    load_fail("nothing came for %u s: %u of %u clients are ready", crowd->options->patience_s,
              crowd->ready, crowd->n);
}

void load_crowd_open(struct load_crowd *crowd)
{
    crowd->last_frame_ns = load_clock_ns();
    while (crowd->ready < crowd->n) {
        while (crowd->opened < crowd->n && crowd->opened - crowd->ready < crowd->options->pending) {
            struct load_client *client = &crowd->clients[crowd->opened++];
            uint32_t number = crowd->first + crowd->opened - 1;
            load_conn_open(&client->conn, &crowd->loop, number, &user);
            load_conn_send(&client->conn, crowd->request.p, crowd->request.len);
        }
        load_crowd_wait(crowd, UINT64_MAX);
    }
}

void load_crowd_bar(struct load_client *client)
{
    load_conn_send(&client->conn, client->crowd->barrier.p, client->crowd->barrier.len);
}

bool load_crowd_is_barrier(const struct load_crowd *crowd, const struct load_frame *frame)
{
    const char *told = barrier_told[crowd->options->dialect];
    return frame->opcode == LOAD_TEXT && frame->len == strlen(told) &&
           memcmp(frame->payload, told, frame->len) == 0;
}

static void on_settling(struct load_client *client, const struct load_frame *frame)
{
    if (!load_crowd_is_barrier(client->crowd, frame))
        fail_unasked(client, frame);
    client->crowd->settled++;
}

void load_crowd_settle(struct load_crowd *crowd)
{
    static const struct load_work settling = {.on_frame = on_settling};
    const struct load_work *work = crowd->work;
    crowd->work = &settling;
    crowd->settled = 0;
    for (uint32_t i = 0; i < crowd->n; i++)
        load_crowd_bar(&crowd->clients[i]);
    while (crowd->settled < crowd->n)
        load_crowd_wait(crowd, UINT64_MAX);
    crowd->work = work;
}
