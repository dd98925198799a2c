// SPDX-License-Identifier: MIT
/* core.file_open and core.file_read: regular files, opened and read on libuv's pool while the
 * coroutine waits. For static files and the browser client.
 *
 * One job does all system calls, so that a file costs one hop. Opened O_NONBLOCK: a FIFO in the
 * folder must not hold a pool thread.
 */
#include "bind/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bind/call.h"

enum {
    READ_MAX = 64 * 1024 * 1024, /* bytes of file_read; a larger file is "too large" */
    SUFFIXES_MAX = 4,
    SUFFIX_MAX = 8, /* bytes with the NUL */
};

struct suffix {
    char text[SUFFIX_MAX];
    bool wanted; /* else only looked for */
};

struct job {
    uv_work_t uv;
    struct sio_bind *bind;
    struct sio_co *co;
    int (*push)(lua_State *L, struct job *j); /* the results */
    char *path;
    struct suffix suffixes[SUFFIXES_MAX];
    unsigned n_suffixes;
    int chosen;  /* of suffixes, or -1: the file itself */
    bool varies; /* there is a file with one of the suffixes */
    bool reads;  /* all of it, and closes */
    int fd;      /* -1: none */
    struct stat st;
    char *data;
    size_t len;
    const char *error; /* static: "missing", "directory", "too large", "busy", "unreadable" */
};

/* ---- on the pool ----------------------------------------------------------------------------- */

static const char *error_word(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return "missing";
    case EMFILE:
    case ENFILE:
        return "busy";
    default:
        return "unreadable";
    }
}

static const char *open_regular(const char *path, int *fd, struct stat *st)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return error_word();
    if (fstat(*fd, st) != 0)
        return "unreadable";
    if (S_ISDIR(st->st_mode))
        return "directory";
    return S_ISREG(st->st_mode) ? NULL : "unreadable";
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* "path.br" in place of "path", when it is there and wanted. */
static void try_suffix(struct job *j, unsigned i, char *path, size_t len)
{
    struct stat st;
    int fd = -1;
    strcpy(path + len, j->suffixes[i].text);
    if (!j->suffixes[i].wanted || j->chosen >= 0) {
        j->varies = j->varies || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
        return;
    }
    if (open_regular(path, &fd, &st) != NULL) {
        close_fd(&fd);
        return;
    }
    close_fd(&j->fd);
    j->fd = fd;
    j->st = st;
    j->chosen = (int)i;
    j->varies = true;
}

static void choose_variant(struct job *j)
{
    size_t len = strlen(j->path);
    char *path = sio_alloc(len + SUFFIX_MAX);
    memcpy(path, j->path, len + 1);
    for (unsigned i = 0; i < j->n_suffixes; i++)
        try_suffix(j, i, path, len);
    sio_free(path);
}

static void read_all(struct job *j)
{
    size_t size = (size_t)j->st.st_size;
    j->data = sio_alloc(size ? size : 1);
    while (j->len < size) {
        ssize_t n = read(j->fd, j->data + j->len, size - j->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            j->error = "unreadable";
        if (n <= 0)
            return; /* it became shorter meanwhile */
        j->len += (size_t)n;
    }
}

static void on_pool(uv_work_t *uv)
{
    struct job *j = SIO_CONTAINER_OF(uv, struct job, uv);
    j->error = open_regular(j->path, &j->fd, &j->st);
    if (j->error == NULL && !j->reads)
        choose_variant(j);
    else if (j->error == NULL && j->st.st_size > READ_MAX)
        j->error = "too large";
    else if (j->error == NULL)
        read_all(j);
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void job_free(struct job *j)
{
    close_fd(&j->fd);
    sio_free(j->path);
    sio_free(j->data);
    sio_free(j);
}

static int push_error(lua_State *L, const struct job *j)
{
    if (strcmp(j->error, "missing") != 0 && strcmp(j->error, "directory") != 0)
        sio_log_limited(SIO_LOG_WARN, "file open", "file %s: %s",
                        sio_log_text(sio_slice_str(j->path)), j->error);
    lua_pushnil(L);
    lua_pushstring(L, j->error);
    return 2;
}

static void on_done(uv_work_t *uv, int status)
{
    struct job *j = SIO_CONTAINER_OF(uv, struct job, uv);
    struct sio_co *co = j->co;
    bool closed = j->bind->closed;
    int n = 0;
    (void)status; /* jobs are never cancelled */
    if (!closed && j->error != NULL)
        n = push_error(sio_call_stack(co), j);
    else if (!closed)
        n = j->push(sio_call_stack(co), j);
    job_free(j);
    if (closed)
        sio_call_abandon(co);
    else
        sio_call_resume(co, n);
}

static struct job *job_new(lua_State *L, const char *path, const char *what)
{
    struct sio_co *co = sio_call_wait(L, what);
    struct job *j = sio_calloc(1, sizeof *j);
    size_t size = strlen(path) + 1;
    j->bind = sio_bind_of(L);
    j->co = co;
    j->path = memcpy(sio_alloc(size), path, size);
    j->fd = -1;
    j->chosen = -1;
    return j;
}

static int job_start(lua_State *L, struct job *j)
{
    uv_queue_work(&j->bind->loop->uv, &j->uv, on_pool, on_done);
    return lua_yield(L, 0);
}

/* ---- file_read ------------------------------------------------------------------------------- */

static int push_content(lua_State *L, struct job *j)
{
    lua_pushlstring(L, j->data, j->len);
    return 1;
}

/* file_read(path): the content, or nil and "missing", "directory", "too large", "busy" (too many
 * open files) or "unreadable". Waits. */
static int lfile_read(lua_State *L)
{
    struct job *j = job_new(L, luaL_checkstring(L, 1), "file_read");
    j->push = push_content;
    j->reads = true;
    return job_start(L, j);
}

/* ---- file_open ------------------------------------------------------------------------------- */

static void set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static int push_file(lua_State *L, struct job *j)
{
    int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
    *fd = j->fd;
    j->fd = -1;
    luaL_setmetatable(L, SIO_FILE);
    lua_createtable(L, 0, 5);
    set_integer(L, "size", (lua_Integer)j->st.st_size);
    set_integer(L, "mtime", (lua_Integer)j->st.st_mtim.tv_sec);
    set_integer(L, "mtime_ns", (lua_Integer)j->st.st_mtim.tv_nsec);
    lua_pushboolean(L, j->varies);
    lua_setfield(L, -2, "varies");
    if (j->chosen >= 0) {
        lua_pushstring(L, j->suffixes[j->chosen].text);
        lua_setfield(L, -2, "suffix");
    }
    return 2;
}

/* Argument 2: { {".br", wanted}, ... }, in the order of preference */
static void read_suffixes(lua_State *L, struct suffix *out, unsigned *n)
{
    *n = 0;
    for (int i = 1; lua_rawgeti(L, 2, i) == LUA_TTABLE; i++) {
        size_t len;
        const char *text;
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        text = luaL_checklstring(L, -2, &len);
        luaL_argcheck(L, *n < SUFFIXES_MAX && len < SUFFIX_MAX, 2, "too many or too long");
        memcpy(out[*n].text, text, len + 1);
        out[*n].wanted = lua_toboolean(L, -1);
        (*n)++;
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
}

/* file_open(path, suffixes): the file (with the first wanted suffix that there is) and { size,
 * mtime (seconds), mtime_ns, suffix?, varies: whether there is one with a suffix }; or nil and a
 * word as file_read. Waits. */
static int lfile_open_path(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct suffix suffixes[SUFFIXES_MAX];
    unsigned n;
    struct job *j;
    luaL_checktype(L, 2, LUA_TTABLE);
    read_suffixes(L, suffixes, &n);
    j = job_new(L, path, "file_open");
    j->push = push_file;
    memcpy(j->suffixes, suffixes, sizeof suffixes);
    j->n_suffixes = n;
    return job_start(L, j);
}

int sio_file_take(lua_State *L, int index)
{
    int *file = luaL_checkudata(L, index, SIO_FILE), fd = *file;
    *file = -1;
    return fd;
}

static int lfile_close(lua_State *L)
{
    close_fd(luaL_checkudata(L, 1, SIO_FILE));
    return 0;
}

void lfile_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"file_read", lfile_read}, {"file_open", lfile_open_path}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"__gc", lfile_close}, {"__close", lfile_close}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, SIO_FILE);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}
