// SPDX-License-Identifier: MIT
/* build/bench/floor: the loop, and the command line. floor.h says what it serves.
 *
 *   floor [--batch] [--port N] [--lie drop|twice|swap|alter]
 */
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { EVENTS = 512, BACKLOG = 4096 };

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

void *floor_grow(void *p, size_t bytes)
{
    void *grown = realloc(p, bytes);
    if (grown == NULL)
        fail("realloc");
    return grown;
}

void floor_bytes_append(struct floor_bytes *b, const void *p, size_t len)
{
    if (len == 0)
        return;
    if (b->cap - b->len < len) {
        b->cap = 2 * b->cap + len;
        b->p = floor_grow(b->p, b->cap);
    }
    memcpy(b->p + b->len, p, len);
    b->len += len;
}

static void listen_on(struct floor_server *s, uint16_t port)
{
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_ANY),
    };
    socklen_t len = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s->listener, (struct sockaddr *)&address, len) != 0 ||
        listen(s->listener, BACKLOG) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &len) != 0)
        fail("listen");
    fprintf(stderr, "http://localhost:%u\n", ntohs(address.sin_port));
}

static void accept_all(struct floor_server *s)
{
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
            return;
        if (fd < 0)
            fail("accept");
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        floor_conn_open(s, fd);
    }
}

_Noreturn static void serve(struct floor_server *s)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(s->epoll, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == s->listener)
                accept_all(s);
            else
                floor_conn_ready(s, &s->conns[events[i].data.fd], events[i].events);
        }
        floor_deliver_flush(s);
    }
}

static enum floor_lie lie_named(const char *name)
{
    static const char *names[] = {"", "drop", "twice", "swap", "alter"};
    for (unsigned i = 1; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum floor_lie)i;
    }
    fprintf(stderr, "floor: no lie is called \"%s\"\n", name);
    exit(2);
}

/* A table by descriptor for as many as there can be: the kernel gives pages of it as they are used.
 */
static void allocate(struct floor_server *s)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("setrlimit");
    s->n_conns = (uint32_t)limit.rlim_cur;
    s->conns = calloc(s->n_conns, sizeof *s->conns);
    s->dirty = calloc(s->n_conns + EVENTS, sizeof *s->dirty); /* a descriptor may be reused */
    s->in = malloc(FLOOR_READ_BYTES);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->conns == NULL || s->dirty == NULL || s->in == NULL || s->epoll < 0)
        fail("start");
}

int main(int argc, char **argv)
{
    static const struct option table[] = {
        {"batch", no_argument, NULL, 'b'},
        {"port", required_argument, NULL, 'p'},
        {"lie", required_argument, NULL, 'l'},
        {0},
    };
    struct floor_server s = {0};
    uint16_t port = 0;
    int name;
    while ((name = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (name == 'b')
            s.batch = true;
        else if (name == 'p')
            port = (uint16_t)strtoul(optarg, NULL, 10);
        else if (name == 'l')
            s.lie = lie_named(optarg);
        else
            return 2;
    }
    allocate(&s);
    listen_on(&s, port);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = s.listener};
    if (epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.listener, &event) != 0)
        fail("epoll_ctl");
    serve(&s);
}
