// SPDX-License-Identifier: MIT
/* Requests and the answers to them. Stands on conn and frame; crowd calls it.
 *
 * The key is RFC 6455's own example (§1.3), so its answer is a constant too.
 */
#include "handshake.h"

#include "fail.h"

#include <string.h>

static const char accept_line[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* What Chrome 131 sends along, with a page's usual cookies. */
static const char browser_headers[] =
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36\r\n"
    "Origin: http://localhost\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0; "
    "theme=dark; _ga=GA1.1.1234567890.1234567890\r\n";

/* Without client_max_window_bits a server may not ask for a smaller window (RFC 7692 §7.1.2.2). */
static const char extension[] = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

void load_handshake_request(struct load_bytes *out, const struct load_options *options)
{
    load_bytes_print(out,
                     "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
                     "Host: localhost:%u\r\n"
                     "Connection: Upgrade\r\n"
                     "Upgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "%s%s\r\n",
                     options->port, options->browser_headers ? browser_headers : "",
                     options->deflate || options->browser_headers ? extension : "");
}

size_t load_handshake_response(struct load_client *client, const uint8_t *p, size_t len)
{
    const uint8_t *end = memmem(p, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t taken = (size_t)(end - p) + 4;
    if (memcmp(p, "HTTP/1.1 101 ", 13) != 0 ||
        memmem(p, taken, accept_line, sizeof accept_line - 1) == NULL)
        load_fail("client %u: the upgrade was answered with %.*s", client->conn.index, (int)taken,
                  (const char *)p);
    if (client->crowd->options->deflate &&
        memmem(p, taken, "permessage-deflate", strlen("permessage-deflate")) == NULL)
        load_fail("the server does not accept permessage-deflate");
    client->stage = LOAD_UPGRADED;
    if (client->crowd->options->dialect == LOAD_RAW)
        client->stage = LOAD_READY;
    return taken;
}

static bool starts_with(const struct load_frame *frame, const char *text)
{
    size_t len = strlen(text);
    return frame->opcode == LOAD_TEXT && frame->len >= len &&
           memcmp(frame->payload, text, len) == 0;
}

void load_handshake_frame(struct load_client *client, const struct load_frame *frame)
{
    if (client->stage == LOAD_UPGRADED && starts_with(frame, "0{")) {
        load_client_say(client, "40");
        client->stage = LOAD_GREETED;
    } else if (client->stage == LOAD_GREETED && starts_with(frame, "40{")) {
        client->stage = LOAD_READY;
    } else {
        load_fail("client %u: \"%.*s\" in the handshake", client->conn.index, (int)frame->len,
                  (const char *)frame->payload);
    }
}
