// SPDX-License-Identifier: MIT
/* Heads of requests and the finding of responses. Stands on bytes; polling calls it. */
#include "http.h"

#include "fail.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8192 };

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

/* The value of the header, in a head that ends with a NUL. */
static size_t content_length(const char *head)
{
    const char *header = strcasestr(head, "\r\nContent-Length:");
    if (header == NULL)
        load_fail("a response without Content-Length: %s", head);
    return strtoul(header + strlen("\r\nContent-Length:"), NULL, 10);
}

size_t load_http_find(const uint8_t *p, size_t len, struct load_response *response)
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
    size_t body_len = content_length(head);
    if (len - head_len < body_len)
        return 0;
    *response = (struct load_response){p + head_len, body_len};
    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0)
        load_fail("%s%.*s", head, (int)body_len, (const char *)response->body);
    return head_len + body_len;
}
