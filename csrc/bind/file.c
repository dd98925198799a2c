// SPDX-License-Identifier: MIT
/* core.file_read: one regular file, read on libuv's pool while the coroutine waits. For static
 * files.
 *
 * One job does open, fstat and read, so a file costs one hop. Opened O_NONBLOCK: a FIFO in the
 * folder must not hold a pool thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "bind/call.h"

enum { FILE_MAX = 64 * 1024 * 1024 }; /* bytes; a larger one is "too large" */

struct job {
    uv_work_t uv;
    struct sio_bind *bind;
    struct sio_co *co;
    char *path;
    char *known;      /* "size-mtime" that the client has, or NULL */
    char version[48]; /* of the file */
    char *data;       /* NULL: not read, because it is known */
    size_t len;
    const char *error; /* static: "missing", "directory", "too large", "unreadable" */
};

static const char *error_word(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG
               ? "missing"
               : "unreadable";
}

static void read_all(struct job *j, int fd, size_t size)
{
    j->data = sio_alloc(size ? size : 1);
    while (j->len < size) {
        ssize_t n = read(fd, j->data + j->len, size - j->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            j->error = "unreadable";
        if (n <= 0)
            return; /* it became shorter meanwhile */
        j->len += (size_t)n;
    }
}

static void read_file(struct job *j, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        j->error = "unreadable";
    else if (S_ISDIR(st.st_mode))
        j->error = "directory";
    else if (!S_ISREG(st.st_mode))
        j->error = "unreadable";
    else if (st.st_size > FILE_MAX)
        j->error = "too large";
    if (j->error != NULL)
        return;
    snprintf(j->version, sizeof j->version, "%llx-%llx%06llx", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec, (unsigned long long)st.st_mtim.tv_nsec / 1000);
    if (j->known == NULL || strcmp(j->known, j->version) != 0)
        read_all(j, fd, (size_t)st.st_size);
}

static void on_pool(uv_work_t *uv)
{
    struct job *j = SIO_CONTAINER_OF(uv, struct job, uv);
    int fd = open(j->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        j->error = error_word();
        return;
    }
    read_file(j, fd);
    close(fd);
}

static int push_results(lua_State *L, const struct job *j)
{
    if (j->error != NULL) {
        lua_pushnil(L);
        lua_pushstring(L, j->error);
        return 2;
    }
    if (j->data != NULL)
        lua_pushlstring(L, j->data, j->len);
    else
        lua_pushboolean(L, 0);
    lua_pushstring(L, j->version);
    return 2;
}

static void on_done(uv_work_t *uv, int status)
{
    struct job *j = SIO_CONTAINER_OF(uv, struct job, uv);
    struct sio_co *co = j->co;
    bool closed = j->bind->closed;
    int n = status == 0 && !closed ? push_results(sio_call_stack(co), j) : 0;
    sio_free(j->path);
    sio_free(j->known);
    sio_free(j->data);
    sio_free(j);
    if (closed)
        sio_call_abandon(co);
    else
        sio_call_resume(co, n);
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(sio_alloc(size), text, size);
}

/* file_read(path [, known]): content and version; false and version when that is `known`; nil and
 * "missing", "directory", "too large" or "unreadable". Waits. */
static int lfile_read(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *known = luaL_optstring(L, 2, NULL);
    struct sio_co *co = sio_call_wait(L, "file_read");
    struct sio_bind *b = sio_bind_of(L);
    struct job *j = sio_calloc(1, sizeof *j);
    j->bind = b;
    j->co = co;
    j->path = copy(path);
    j->known = known ? copy(known) : NULL;
    uv_queue_work(&b->loop->uv, &j->uv, on_pool, on_done);
    return lua_yield(L, 0);
}

void lfile_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"file_read", lfile_read}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
