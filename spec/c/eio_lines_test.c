// SPDX-License-Identifier: MIT
/* engine/lines: what goes in comes out, what two say alike is there once, and it has an end. */
#include "engine/lines.h"

#include "test.h"

static struct eio_lines lines;

static size_t shared(void)
{
    size_t n = 0;
    for (int i = 0; i < EIO_LINES_MAX; i++)
        n += lines.places[i].text != NULL;
    return n;
}

/* Packs it; what comes out must be what went in. */
static struct sio_buf pack(struct sio_slice text)
{
    struct sio_buf packed = {0};
    char *out;
    eio_lines_pack(&lines, text, &packed);
    CHECK_EQ_INT(eio_lines_length(&lines, sio_buf_slice(&packed)), text.len);
    out = malloc(text.len + 1);
    eio_lines_unpack(&lines, sio_buf_slice(&packed), out);
    CHECK(sio_slice_eq(sio_slice(out, text.len), text));
    free(out);
    return packed;
}

static void release(struct sio_buf *packed)
{
    eio_lines_release(&lines, sio_buf_slice(packed));
    sio_buf_fini(packed);
}

#define HEAD(key)                                                                                  \
    SIO_LIT("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: example.com\r\n"          \
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nSec-WebSocket-Key: " key "\r\n\r\n")

TEST(the_first_of_its_kind_shares_nothing)
{
    struct sio_buf a;
    memset(&lines, 0, sizeof lines);
    a = pack(HEAD("AAAA"));
    CHECK_EQ_INT(shared(), 0);
    CHECK(a.len > HEAD("AAAA").len);
    release(&a);
}

TEST(what_is_said_alike_is_there_once)
{
    struct sio_buf a, b, c;
    size_t n;
    memset(&lines, 0, sizeof lines);
    a = pack(HEAD("BBBB"));
    b = pack(HEAD("CCCC"));
    c = pack(HEAD("DDDD"));
    n = shared();
    CHECK_EQ_INT(n, 4); /* three lines, and the name of the fourth */
    CHECK_EQ_INT(c.len, 4 * 2 + 2 + strlen(" DDDD\r\n\r\n"));
    release(&b);
    CHECK_EQ_INT(shared(), n);
    release(&c);
    CHECK_EQ_INT(shared(), 0);
    release(&a);
}

TEST(whatever_a_head_looks_like)
{
    static char big[200000];
    struct sio_slice odd[] = {SIO_LIT(""),           SIO_LIT("\n"),
                              SIO_LIT("x"),          SIO_LIT("\n\n\n\n"),
                              SIO_LIT(":"),          SIO_LIT("a: b\r\nno end"),
                              SIO_LIT("::::::\n"),   sio_slice(big, 32767),
                              sio_slice(big, 32768), sio_slice(big, sizeof big)};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
            struct sio_buf packed;
            test_context("head %zu, round %d", i, round);
            packed = pack(odd[i]);
            release(&packed);
        }
    CHECK_EQ_INT(shared(), 0);
}

TEST(a_long_piece_is_not_shared)
{
    static char line[EIO_LINE_BYTES_MAX + 1];
    struct sio_buf a, b, c;
    memset(line, 'x', sizeof line);
    a = pack(sio_slice(line, sizeof line));
    b = pack(sio_slice(line, sizeof line));
    CHECK_EQ_INT(shared(), 0);
    release(&a);
    release(&b);
    a = pack(sio_slice(line, sizeof line - 1));
    b = pack(sio_slice(line, sizeof line - 1));
    c = pack(sio_slice(line, sizeof line - 1));
    CHECK_EQ_INT(shared(), 1);
    CHECK_EQ_INT(c.len, 2);
    release(&a);
    release(&b);
    release(&c);
}

/* A client that says everything twice fills the table: the others' lines stay with them. */
TEST(a_full_table_refuses_nothing)
{
    enum { HEADS = 4 * EIO_LINES_MAX };
    static struct sio_buf packed[HEADS][2];
    char text[32];
    for (int i = 0; i < HEADS; i++)
        for (int twice = 0; twice < 2; twice++)
            packed[i][twice] =
                pack(sio_slice(text, (size_t)snprintf(text, sizeof text, "line-%d\r\n", i)));
    CHECK_EQ_INT(shared(), EIO_LINES_MAX);
    for (int i = 0; i < HEADS; i++)
        for (int twice = 0; twice < 2; twice++)
            release(&packed[i][twice]);
    CHECK_EQ_INT(shared(), 0);
}
