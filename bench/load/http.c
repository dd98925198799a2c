// SPDX-License-Identifier: MIT
/* Heads of requests and the finding of responses. Stands on bytes; polling calls it. */
#include "http.h"

#include "fail.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8192, CHUNK_MAX = 1 << 24 };

void load_http_head(struct load_bytes *out, const struct load_options *options, const char *method,
                    const char *sid)
{
    bool is_post = strcmp(method, "POST") == 0;
    load_bytes_print(out,
                     "%s /socket.io/?EIO=4&transport=polling%s%s HTTP/1.1\r\n"
                     "Host: localhost:%u\r\n"
                     "Connection: keep-alive\r\n"
                     "%s",
                     method, sid[0] != '\0' ? "&sid=" : "", sid, options->port,
                     is_post ? "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: "
                             : "\r\n");
}

/* What stands behind the name, in a head that ends with a NUL; NULL without it. */
static const char *value_of(const char *head, const char *name)
{
    const char *header = strcasestr(head, name);
    if (header == NULL)
        return NULL;
    header += strlen(name);
    return header + strspn(header, " ");
}

/* The chunks from p, put together; returns how many bytes they take, 0 while they are not whole.
 * There are no trailers in what servers answer here. */
static size_t join_chunks(struct load_bytes *body, const uint8_t *p, size_t len)
{
    size_t at = 0;
    size_t size = 0;
    body->len = 0;
    do {
        const uint8_t *line = p + at;
        const uint8_t *end = memmem(line, len - at, "\r\n", 2);
        if (end == NULL)
            return 0;
        size = isxdigit(*line) ? strtoul((const char *)line, NULL, 16) : SIZE_MAX;
        if (size > CHUNK_MAX)
            load_fail("a chunk of \"%.*s\" bytes", (int)(end - line), (const char *)line);
        at = (size_t)(end - p) + 2;
        if (len - at < size + 2)
            return 0;
        load_bytes_append(body, p + at, size);
        at += size + 2;
    } while (size > 0);
    return at;
}

size_t load_http_find(const uint8_t *p, size_t len, struct load_bytes *joined,
                      struct load_response *response)
{
    const uint8_t *end = memmem(p, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    char head[HEAD_MAX];
    size_t head_len = (size_t)(end - p) + 4;
    if (head_len >= sizeof head)
        load_fail("a response with a head of %zu bytes", head_len);
    memcpy(head, p, head_len);
    head[head_len] = '\0';
    const char *length = value_of(head, "\r\nContent-Length:");
    const char *coding = value_of(head, "\r\nTransfer-Encoding:");
    size_t taken;
    if (length != NULL) {
        taken = strtoul(length, NULL, 10);
        if (len - head_len < taken)
            return 0;
        *response = (struct load_response){p + head_len, taken};
    } else if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) {
        taken = join_chunks(joined, p + head_len, len - head_len);
        if (taken == 0)
            return 0;
        *response = (struct load_response){joined->p, joined->len};
    } else {
        load_fail("a response of unknown length: %s", head);
    }
    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0)
        load_fail("%s%.*s", head, (int)response->len, (const char *)response->body);
    return head_len + taken;
}
