// SPDX-License-Identifier: MIT
/* Response heads. Stands on buf; net/http_conn and the WebSocket handshake call it.
 *
 * Invariant: what it appends is one complete head, whatever the application put into the fields.
 */
#include "codec/http_write.h"

#include "base/err.h"

#include <stdio.h>
#include <time.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a Teapot"},
    {422, "Unprocessable Entity"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *sio_http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

bool sio_http_valid_value(struct sio_slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
            return false;
    return true;
}

static void append_field(struct sio_buf *out, struct sio_slice name, struct sio_slice value)
{
    sio_buf_append_slice(out, name);
    sio_buf_append(out, ": ", 2);
    sio_buf_append_slice(out, value);
    sio_buf_append(out, "\r\n", 2);
}

static void append_length(struct sio_buf *out, uint64_t content_length)
{
    if (content_length == SIO_HTTP_UNTIL_CLOSE)
        return;
    if (content_length == SIO_HTTP_CHUNKED) {
        append_field(out, SIO_LIT("Transfer-Encoding"), SIO_LIT("chunked"));
        return;
    }
    sio_buf_append_slice(out, SIO_LIT("Content-Length: "));
    sio_buf_append_uint(out, content_length);
    sio_buf_append(out, "\r\n", 2);
}

static void append_connection(struct sio_buf *out, bool keep_alive)
{
    sio_buf_append_slice(out, keep_alive ? SIO_LIT("Connection: keep-alive\r\n")
                                         : SIO_LIT("Connection: close\r\n"));
}

void sio_http_write_date(char out[SIO_HTTP_DATE_LEN + 1], int64_t seconds)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[80]; /* as long as the numbers could be */
    time_t at = (time_t)seconds;
    struct tm t;
    gmtime_r(&at, &t);
    snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * t.tm_wday,
             t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    memcpy(out, text, SIO_HTTP_DATE_LEN);
    out[SIO_HTTP_DATE_LEN] = '\0';
}

void sio_http_write_chunk_size(struct sio_buf *out, size_t len)
{
    sio_buf_printf(out, "%zx\r\n", len);
}

static bool are_valid(const struct sio_http_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!sio_http_is_token(fields[i].name) || !sio_http_valid_value(fields[i].value))
            return false;
    return true;
}

int sio_http_write_fields(struct sio_buf *out, const struct sio_http_field *fields, size_t n)
{
    if (!are_valid(fields, n))
        return SIO_EINVAL;
    for (size_t i = 0; i < n; i++)
        append_field(out, fields[i].name, fields[i].value);
    return 0;
}

int sio_http_write_head(struct sio_buf *out, int status, const struct sio_http_field *fields,
                        size_t n, uint64_t content_length, bool keep_alive)
{
    if (!are_valid(fields, n) || status < 100 || status > 999)
        return SIO_EINVAL;
    sio_buf_append_slice(out, SIO_LIT("HTTP/1.1 "));
    sio_buf_append_uint(out, (uint64_t)status);
    sio_buf_append_char(out, ' ');
    sio_buf_append_slice(out, sio_slice_str(sio_http_reason(status)));
    sio_buf_append(out, "\r\n", 2);
    for (size_t i = 0; i < n; i++)
        append_field(out, fields[i].name, fields[i].value);
    if (status >= 200 && status != 204 && status != 304)
        append_length(out, content_length);
    if (status >= 200)
        append_connection(out, keep_alive);
    sio_buf_append(out, "\r\n", 2);
    return 0;
}

void sio_http_write_ready_head(struct sio_buf *out, struct sio_slice ready, uint64_t content_length,
                               bool keep_alive)
{
    sio_buf_append_slice(out, ready);
    append_length(out, content_length);
    sio_buf_append_slice(out, keep_alive ? SIO_LIT("Connection: keep-alive\r\n\r\n")
                                         : SIO_LIT("Connection: close\r\n\r\n"));
}
