// SPDX-License-Identifier: MIT
/* Worker processes for the supervisor. Stands on uv_spawn, which closes or resets what a child must
 * not inherit, and on libuv's SIGCHLD; the supervisor's policy calls it.
 *
 * Invariant: until on_exit a pid is not reaped, so a signal never hits a stranger.
 */
#include "cluster/spawn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

extern char **environ;

struct sio_child {
    uv_process_t process;
    struct sio_loop *loop;
    sio_child_exit on_exit;
    void *owner;
    int pid;
    bool exited, freed;
    struct sio_grave grave;
};

static bool same_key(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool overridden(const char *ours, char *const env[])
{
    for (; *env != NULL; env++)
        if (same_key(*env, ours))
            return true;
    return false;
}

static size_t count(char *const list[])
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

/* Our environment under `env`; the strings are borrowed. */
static char **merge_env(char *const env[])
{
    char **out = sio_calloc(count(environ) + count(env) + 1, sizeof *out);
    size_t n = 0;
    for (char **e = environ; *e != NULL; e++)
        if (!overridden(*e, env))
            out[n++] = *e;
    for (; *env != NULL; env++)
        out[n++] = *env;
    return out;
}

static void on_exit_status(uv_process_t *process, int64_t status, int signal)
{
    struct sio_child *c = process->data;
    c->exited = true;
    if (c->on_exit != NULL)
        c->on_exit(c->owner, c, status, signal);
}

static int spawn(struct sio_child *c, char *const args[], char *const env[], const int *fds,
                 unsigned n_fds)
{
    static char *const none[] = {NULL};
    uv_stdio_container_t stdio[3 + SIO_CHILD_FDS_MAX];
    uv_process_options_t options = {.exit_cb = on_exit_status, .file = args[0]};
    for (unsigned i = 0; i < 3 + n_fds; i++) {
        stdio[i].flags = UV_INHERIT_FD;
        stdio[i].data.fd = i < 3 ? (int)i : fds[i - 3];
    }
    options.stdio = stdio;
    options.stdio_count = (int)(3 + n_fds);
    options.env = merge_env(env != NULL ? env : none);
    char **argv = sio_calloc(count(args) + 1, sizeof *argv); /* libuv's field is not const */
    memcpy(argv, args, count(args) * sizeof *argv);
    options.args = argv;
    int r = uv_spawn(&c->loop->uv, &c->process, &options);
    sio_free(argv);
    sio_free(options.env);
    return r;
}

int sio_child_spawn(struct sio_loop *loop, char *const args[], char *const env[], const int *fds,
                    unsigned n_fds, sio_child_exit on_exit, void *owner, struct sio_child **out)
{
    if (n_fds > SIO_CHILD_FDS_MAX)
        return SIO_EINVAL;
    struct sio_child *c = sio_calloc(1, sizeof *c);
    c->loop = loop;
    c->on_exit = on_exit;
    c->owner = owner;
    int r = spawn(c, args, env, fds, n_fds);
    c->process.data = c;
    if (r != 0) { /* the handle is registered even so */
        c->exited = true;
        sio_child_free(c);
        errno = -r;
        return SIO_ESYS;
    }
    c->pid = c->process.pid;
    *out = c;
    return 0;
}

int sio_child_pid(const struct sio_child *c)
{
    return c->pid;
}

int sio_child_kill(struct sio_child *c, int signal)
{
    if (c->exited)
        return SIO_ENOENT;
    int r = uv_process_kill(&c->process, signal);
    if (r == 0)
        return 0;
    errno = -r;
    return r == UV_ESRCH ? SIO_ENOENT : SIO_ESYS;
}

static void on_closed(uv_handle_t *h)
{
    struct sio_child *c = h->data;
    sio_loop_bury(c->loop, &c->grave, sio_free, c);
}

void sio_child_free(struct sio_child *c)
{
    if (c == NULL || c->freed)
        return;
    c->freed = true;
    uv_close((uv_handle_t *)&c->process, on_closed);
}
