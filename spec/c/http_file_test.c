// SPDX-License-Identifier: MIT
/* net/http_file: parts of files as answers, at the client's pace; descriptors that never leak. */
#include "test.h"
#include "net.h"
#include "http_app.h"
#include "net/http_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"

enum { LARGE = 4000000 };

static struct peer p;

static struct {
    struct sio_http_conn *c;
    int fd; /* the file's, taken by sio_http_file_send */
    uint64_t from, length;
    unsigned ends;
    char path[32];
} f;

static void on_end(void *self)
{
    CHECK(self == &f);
    f.ends++;
}

static bool is_closed(int fd)
{
    return fcntl(fd, F_GETFD) == -1;
}

/* Byte i of the file is i * 7 + i / 256. */
static char byte_at(size_t i)
{
    return (char)(i * 7 + i / 256);
}

static void make_file(size_t len)
{
    char *bytes = sio_alloc(len + 1);
    int fd;
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(i);
    strcpy(f.path, "/tmp/sio-http-file-XXXXXX");
    fd = mkstemp(f.path);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
    sio_free(bytes);
}

static void send_part(struct sio_http_conn *c, const struct sio_http_request *r)
{
    const struct sio_http_response response = {.status = 200};
    (void)r;
    f.c = c;
    f.fd = open(f.path, O_RDONLY | O_CLOEXEC);
    sio_http_accept(c, &(struct sio_http_handler){0}, &f, 0);
    CHECK_EQ_INT(sio_http_file_send(c, &response, f.fd, f.from, f.length, on_end, &f), 0);
}

static void open_app(struct sio_http_limits l, size_t len)
{
    app_open_with(l);
    memset(&f, 0, sizeof f);
    make_file(len);
    f.length = len;
    app.on_request = send_part;
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    app_close();
    CHECK(is_closed(f.fd));
    unlink(f.path);
}

static size_t body_of(const struct peer *peer)
{
    const char *at = peer->got.len ? memmem(peer->got.p, peer->got.len, "\r\n\r\n", 4) : NULL;
    return at != NULL ? (size_t)(at - peer->got.p) + 4 : 0;
}

/* Whether all of bytes [from, from + length) has come. */
static bool has_part(const struct peer *peer, size_t from, size_t length)
{
    size_t body = body_of(peer);
    if (body == 0 || peer->got.len - body < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (peer->got.p[body + i] != byte_at(from + i))
            return false;
    return true;
}

TEST(file_whole_and_in_parts)
{
    static const struct {
        size_t size, from, length;
    } cases[] = {
        {5, 0, 5},
        {5, 3, 2},
        {0, 0, 0},
        {SIO_HTTP_FILE_PIECE, 0, SIO_HTTP_FILE_PIECE},
        {SIO_HTTP_FILE_PIECE + 1, 0, SIO_HTTP_FILE_PIECE + 1},
        {LARGE, 0, LARGE},
        {LARGE, LARGE - 70000, 70000},
        {LARGE, 65530, 100000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_context("case %zu", i);
        open_app(app_limits(), cases[i].size);
        f.from = cases[i].from;
        f.length = cases[i].length;
        app_adopt(peer_pair(&p, SOCK_STREAM));
        peer_say(&p, GET("/"));
        WAIT(has_part(&p, cases[i].from, cases[i].length));
        WAIT(f.ends == 1);
        CHECK(is_closed(f.fd));
        CHECK_EQ_INT(p.got.len, body_of(&p) + cases[i].length);
        sio_buf_clear(&p.got);
        peer_say(&p, GET("/again")); /* the connection has been kept */
        WAIT(f.ends == 2);
        WAIT(has_part(&p, cases[i].from, cases[i].length));
        end();
    }
}

TEST(file_is_not_read_for_head)
{
    open_app(app_limits(), 100);
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT(app.requests == 1);
    CHECK_EQ_INT(f.ends, 1);
    WAIT(peer_has(&p, "Content-Length: 100\r\n"));
    CHECK_EQ_INT(p.got.len, body_of(&p));
    end();
}

TEST(file_waits_for_the_client_with_one_piece_in_memory)
{
    open_app(app_limits(), LARGE);
    app_adopt(peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    peer_say(&p, GET("/"));
    WAIT(f.c != NULL && sio_conn_congested(sio_http_conn_stream(f.c)));
    for (int i = 0; i < 20; i++)
        net_turn();
    CHECK(sio_conn_queued(sio_http_conn_stream(f.c)) <= SIO_HTTP_FILE_PIECE + 1000);
    CHECK_EQ_INT(f.ends, 0);
    peer_listen(&p);
    WAIT(has_part(&p, 0, LARGE));
    end();
}

TEST(file_that_becomes_shorter_ends_the_connection)
{
    open_app(app_limits(), LARGE);
    app_adopt(peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(f.c != NULL && sio_conn_congested(sio_http_conn_stream(f.c)));
    CHECK_EQ_INT(truncate(f.path, LARGE / 2 + 1), 0);
    peer_listen(&p);
    WAIT(p.ended);
    CHECK(has_part(&p, 0, LARGE / 2 + 1));
    CHECK_EQ_INT(p.got.len, body_of(&p) + LARGE / 2 + 1);
    CHECK(strstr(net.logged, "has become shorter") != NULL);
    CHECK_EQ_INT(f.ends, 1);
    CHECK_EQ_INT(app.requests, 1);
    end();
}

TEST(file_of_a_client_that_goes_is_closed)
{
    for (int during_read = 0; during_read < 2; during_read++) {
        open_app(app_limits(), LARGE);
        app_adopt(peer_tcp(&p, AF_INET));
        peer_be_deaf(&p);
        peer_say(&p, GET("/"));
        if (during_read)
            WAIT(f.c != NULL);
        else
            WAIT(f.c != NULL && sio_conn_congested(sio_http_conn_stream(f.c)));
        shutdown(p.fd, SHUT_RDWR);
        WAIT(f.ends == 1);
        WAIT(is_closed(f.fd));
        end();
    }
}

TEST(file_that_is_cut_while_it_is_read)
{
    open_app(app_limits(), LARGE);
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, GET("/"));
    WAIT(f.c != NULL);
    sio_http_stream_cut(f.c);
    CHECK_EQ_INT(f.ends, 1);
    WAIT(is_closed(f.fd));
    WAIT(p.ended);
    end();
}

TEST(file_for_a_client_that_never_reads_is_closed)
{
    struct sio_http_limits l = app_limits();
    l.body_timeout_ms = 20;
    open_app(l, LARGE);
    app_adopt(peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    peer_say(&p, GET("/"));
    WAIT(f.ends == 1);
    WAIT(is_closed(f.fd));
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

static void send_to_answered(struct sio_http_conn *c, const struct sio_http_request *r)
{
    const struct sio_http_response response = {.status = 200};
    f.fd = open(f.path, O_RDONLY | O_CLOEXEC);
    app_hello(c, r);
    CHECK_EQ_INT(sio_http_file_send(c, &response, f.fd, 0, 5, on_end, &f), SIO_ECLOSED);
}

TEST(file_is_taken_also_when_it_cannot_be_sent)
{
    open_app(app_limits(), 5);
    app.on_request = send_to_answered;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, GET("/"));
    WAIT(peer_has(&p, "hello"));
    CHECK_EQ_INT(f.ends, 0);
    end();
}
