// SPDX-License-Identifier: MIT
/* The WebSocket handshake (ws_frame.h). Stands on http_parse, http_write, b64 and libcrypto's
 * SHA-1; engine/websocket calls it.
 */
#include "base/b64.h"
#include "base/err.h"
#include "codec/http_write.h"
#include "codec/ws_frame.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { KEY_LEN = 24 }; /* base64 of 16 bytes */

/* The value of a field that may occur once only; p == NULL when it does not. */
static struct sio_slice only(const struct sio_http_request *r, struct sio_slice name)
{
    struct sio_slice found = sio_slice(NULL, 0);
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!sio_slice_eq_nocase(r->fields[i].name, name))
            continue;
        if (found.p != NULL)
            return sio_slice(NULL, 0);
        found = r->fields[i].value;
    }
    return found;
}

static bool valid_key(struct sio_slice key)
{
    if (key.len != KEY_LEN || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts one element with its comma off the front; its blanks are gone. */
static struct sio_slice cut_element(struct sio_slice *list, bool *more)
{
    const char *comma = list->len ? memchr(list->p, ',', list->len) : NULL;
    struct sio_slice e = sio_slice(list->p, comma ? (size_t)(comma - list->p) : list->len);
    *more = comma != NULL;
    *list = sio_slice_from(*list, e.len + *more);
    while (e.len > 0 && is_blank(e.p[0]))
        e = sio_slice_from(e, 1);
    while (e.len > 0 && is_blank(e.p[e.len - 1]))
        e.len--;
    return e;
}

enum { PROTOCOLS_MAX = 32 }; /* offered by one client; more is refused: each is compared with all */

struct protocols {
    struct sio_slice at[PROTOCOLS_MAX];
    size_t n;
};

static bool add_protocol(struct protocols *seen, struct sio_slice name)
{
    if (!sio_http_is_token(name) || seen->n == PROTOCOLS_MAX)
        return false;
    for (size_t i = 0; i < seen->n; i++)
        if (sio_slice_eq(seen->at[i], name))
            return false;
    seen->at[seen->n++] = name;
    return true;
}

/* Distinct tokens, none empty (RFC 6455 §4.1). */
static bool read_protocols(const struct sio_http_request *r, struct protocols *out)
{
    out->n = 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        struct sio_slice list = r->fields[i].value;
        bool more = sio_slice_eq_nocase(r->fields[i].name, SIO_LIT("Sec-WebSocket-Protocol"));
        while (more)
            if (!add_protocol(out, cut_element(&list, &more)))
                return false;
    }
    return true;
}

static int refuse(const char **why, const char *text)
{
    *why = text;
    return SIO_EPROTO;
}

int sio_ws_check_request(const struct sio_http_request *r, const char **why)
{
    struct protocols protocols;
    if (r->minor == 0 || !r->upgrade ||
        !sio_slice_eq_nocase(only(r, SIO_LIT("Upgrade")), SIO_LIT("websocket")))
        return refuse(why, "Invalid Upgrade header");
    if (!valid_key(only(r, SIO_LIT("Sec-WebSocket-Key"))))
        return refuse(why, "Missing or invalid Sec-WebSocket-Key header");
    if (!sio_slice_eq(only(r, SIO_LIT("Sec-WebSocket-Version")), SIO_LIT("13")))
        return refuse(why, "Missing or invalid Sec-WebSocket-Version header");
    if (!read_protocols(r, &protocols))
        return refuse(why, "Invalid Sec-WebSocket-Protocol header");
    return 0;
}

/* Begins a hash. The context is kept: finding the algorithm costs as much as the hash. */
static EVP_MD_CTX *begin_sha1(struct sio_ws_pool *pool)
{
    const EVP_MD *algorithm = pool->sha1 == NULL ? EVP_sha1() : NULL; /* NULL: the same again */
    if (pool->sha1 == NULL)
        pool->sha1 = EVP_MD_CTX_new();
    if (pool->sha1 == NULL || EVP_DigestInit_ex(pool->sha1, algorithm, NULL) != 1)
        abort(); /* a libcrypto without SHA-1 can serve no WebSocket */
    return pool->sha1;
}

/* RFC 6455 §4.2.2: base64(SHA-1(key + GUID)). */
static void append_accept_key(struct sio_buf *out, struct sio_ws_pool *pool, struct sio_slice key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char input[KEY_LEN + sizeof guid - 1];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    EVP_MD_CTX *sha1 = begin_sha1(pool);
    memcpy(input, key.p, KEY_LEN);
    memcpy(input + KEY_LEN, guid, sizeof guid - 1);
    if (EVP_DigestUpdate(sha1, input, sizeof input) != 1 ||
        EVP_DigestFinal_ex(sha1, digest, &len) != 1)
        abort();
    sio_b64_encode(out, sio_slice(digest, len));
}

/* The protocol that is accepted, then `extra`. */
static int append_agreed(struct sio_buf *out, const struct sio_http_request *r,
                         const struct sio_http_field *extra, size_t n_extra)
{
    struct protocols offered;
    struct sio_http_field protocol = {SIO_LIT("Sec-WebSocket-Protocol"), {NULL, 0}};
    int err = 0;
    if (read_protocols(r, &offered) && offered.n > 0) {
        protocol.value = offered.at[0];
        err = sio_http_write_fields(out, &protocol, 1);
    }
    return err == 0 ? sio_http_write_fields(out, extra, n_extra) : err;
}

int sio_ws_append_accept(struct sio_buf *out, struct sio_ws_pool *pool,
                         const struct sio_http_request *r, const struct sio_http_field *extra,
                         size_t n_extra)
{
    struct sio_slice key = only(r, SIO_LIT("Sec-WebSocket-Key"));
    size_t before = out->len;
    if (n_extra > SIO_WS_EXTRA_MAX || key.len != KEY_LEN)
        return SIO_EINVAL;
    sio_buf_append_slice(out, SIO_LIT("HTTP/1.1 101 Switching Protocols\r\n"
                                      "Upgrade: websocket\r\n"
                                      "Connection: Upgrade\r\n"
                                      "Sec-WebSocket-Accept: "));
    append_accept_key(out, pool, key);
    sio_buf_append(out, "\r\n", 2);
    if (append_agreed(out, r, extra, n_extra) != 0) {
        out->len = before;
        return SIO_EINVAL;
    }
    sio_buf_append(out, "\r\n", 2);
    return 0;
}
