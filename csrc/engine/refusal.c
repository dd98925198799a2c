// SPDX-License-Identifier: MIT
/* Answers of refused requests. Stands on net/http_conn and codec/json; server.c and gate.c refuse.
 *
 * Mended against upstream: everything is refused before the 101, and a forbidden upgrade is
 * answered 403 as a forbidden poll is.
 */
#include "engine/refusal.h"

#include "base/log.h"
#include "codec/json.h"

const char *eio_refusal_text(enum eio_refusal code)
{
    switch (code) {
#define X(number, name, text)                                                                      \
    case EIO_##name:                                                                               \
        return text;
        EIO_REFUSAL_MAP(X)
#undef X
    case EIO_ACCEPTED:
        break;
    }
    return "";
}

struct eio_refused eio_refusal_bad_request(const char *name)
{
    struct eio_refused why = {.code = EIO_BAD_REQUEST};
    eio_refusal_add(&why, "name", sio_slice_str(name));
    return why;
}

void eio_refusal_add(struct eio_refused *why, const char *name, struct sio_slice value)
{
    why->context[why->n_context++] = (struct eio_detail){name, value};
}

static void answer_upgrade(struct sio_http_conn *c, const struct eio_refused *why, int status,
                           struct sio_slice text)
{
    /* A hook's words are no markup. */
    struct sio_http_field type = {SIO_LIT("Content-Type"),
                                  why->reason.p ? SIO_LIT("text/plain; charset=utf-8")
                                                : SIO_LIT("text/html")};
    sio_http_respond(
        c, &(struct sio_http_response){
               .status = status, .fields = &type, .n_fields = 1, .body = text, .close = true});
}

static void answer_json(struct sio_http_conn *c, const struct eio_refused *why, int status,
                        struct sio_slice text)
{
    static const struct sio_http_field type = {{"Content-Type", 12}, {"application/json", 16}};
    struct sio_buf body = {0};
    sio_buf_printf(&body, "{\"code\":%d,\"message\":", (int)why->code);
    sio_json_append_text(&body, text);
    sio_buf_append_char(&body, '}');
    sio_http_respond(
        c, &(struct sio_http_response){
               .status = status, .fields = &type, .n_fields = 1, .body = sio_buf_slice(&body)});
    sio_buf_fini(&body);
}

void eio_refusal_answer(struct sio_http_conn *c, bool upgrade, const struct eio_refused *why)
{
    struct sio_slice text =
        why->reason.p ? why->reason : sio_slice_str(eio_refusal_text(why->code));
    int status = why->code == EIO_FORBIDDEN ? 403 : 400;
    sio_log_limited(SIO_LOG_DEBUG, "eio refused", "engine: refused a request: %s",
                    sio_log_text(text));
    if (upgrade)
        answer_upgrade(c, why, status, text);
    else
        answer_json(c, why, status, text);
}

void eio_refusal_answer_websocket(struct sio_http_conn *c, const char *why)
{
    static const struct sio_http_field fields[] = {{{"Content-Type", 12}, {"text/html", 9}},
                                                   {{"Sec-WebSocket-Version", 21}, {"13", 2}}};
    bool bad_version = strstr(why, "Sec-WebSocket-Version") != NULL;
    sio_http_respond(c, &(struct sio_http_response){.status = 400,
                                                    .fields = fields,
                                                    .n_fields = bad_version ? 2 : 1,
                                                    .body = sio_slice_str(why),
                                                    .close = true});
}
