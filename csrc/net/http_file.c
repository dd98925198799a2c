// SPDX-License-Identifier: MIT
/* Files as answers. Stands on http_stream and uv_fs_read; bind/request_reply.c calls it.
 *
 *     read on the pool ──► write ──► 0, or on_drain ──► read ...
 *
 * Invariant: at most one read is under way, and while it is the struct lives; without one it is
 * freed as soon as the connection is gone or everything is written. on_end does not wait for a
 * read.
 */
#include "net/http_file.h"

#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_in.h"

struct file {
    struct sio_http_conn *conn; /* NULL: gone */
    void (*on_end)(void *self);
    void *self;
    uv_fs_t read;
    struct sio_blob *piece; /* being read */
    uint64_t at, left;      /* bytes */
    int fd;
};

static void file_free(struct file *f)
{
    close(f->fd);
    sio_free(f);
}

/* The connection does not need it any more; a read that is under way ends first. */
static void leave(struct file *f)
{
    void (*on_end)(void *) = f->on_end;
    void *self = f->self;
    f->conn = NULL;
    if (f->piece == NULL)
        file_free(f);
    on_end(self);
}

static void on_gone(void *self, struct sio_http_conn *c, int err)
{
    (void)c;
    (void)err;
    leave(self);
}

static void on_read(uv_fs_t *read);

static void read_piece(struct file *f)
{
    size_t len = f->left < SIO_HTTP_FILE_PIECE ? (size_t)f->left : SIO_HTTP_FILE_PIECE;
    uv_buf_t buf;
    f->piece = sio_blob_new_raw(len);
    buf = uv_buf_init(f->piece->data, (unsigned)len);
    uv_fs_read(&sio_conn_loop(sio_http_conn_stream(f->conn))->uv, &f->read, f->fd, &buf, 1,
               (int64_t)f->at, on_read);
}

static void go_on(struct file *f)
{
    if (f->left > 0) {
        read_piece(f);
        return;
    }
    sio_http_stream_end(f->conn);
    leave(f);
}

static void on_drain(void *self, struct sio_http_conn *c)
{
    struct file *f = self;
    (void)c;
    if (f->piece == NULL)
        go_on(f);
}

static void on_read(uv_fs_t *read)
{
    struct file *f = SIO_CONTAINER_OF(read, struct file, read);
    struct sio_blob *piece = f->piece;
    ssize_t n = read->result;
    int rc = SIO_EAGAIN;
    uv_fs_req_cleanup(read);
    f->piece = NULL;
    if (f->conn == NULL) {
        file_free(f);
    } else if (n <= 0) {
        sio_log_limited(SIO_LOG_WARN, "http file", "http: a file that is being sent %s",
                        n == 0 ? "has become shorter" : uv_strerror((int)n));
        sio_http_stream_cut(f->conn); /* calls on_gone */
    } else {
        piece->len = (size_t)n;
        f->at += (uint64_t)n;
        f->left -= (uint64_t)n;
        rc = sio_http_stream_write_blob(f->conn, piece);
        if (rc == 0 || f->left == 0)
            go_on(f);
    }
    sio_blob_unref(piece);
}

static const struct sio_http_handler handler = {.on_gone = on_gone, .on_drain = on_drain};

int sio_http_file_send(struct sio_http_conn *c, const struct sio_http_response *r, int fd,
                       uint64_t from, uint64_t length, void (*on_end)(void *self), void *self)
{
    struct file *f = sio_calloc(1, sizeof *f);
    int err = sio_http_stream_begin(c, r, length, &handler, f);
    if (err != 0) {
        close(fd);
        sio_free(f);
        return err;
    }
    *f = (struct file){.conn = c, .on_end = on_end, .self = self, .fd = fd};
    f->at = from;
    f->left = c->mute ? 0 : length;
    go_on(f);
    return 0;
}
