// SPDX-License-Identifier: MIT
/* Files that one process at a time has: the supervisor's --pidfile (process.h).
 *
 * The lock (flock) is the truth, the text only tells who has it: the kernel takes the lock back
 * when its process ends in whatever way, so a file that was left behind is nobody's.
 */
#include "bind/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { LOCK_TRIES = 10, PID_TEXT_MAX = 24 };

/* What a pid file has in it: digits, then white space, or nothing. -1: something else. */
static long read_pid(int fd)
{
    char text[PID_TEXT_MAX + 1];
    ssize_t n = pread(fd, text, sizeof text, 0);
    if (n < 0 || n > PID_TEXT_MAX)
        return -1;
    text[n] = '\0';
    size_t digits = strspn(text, "0123456789");
    if (digits + strspn(text + digits, " \r\n") != (size_t)n)
        return -1;
    return strtol(text, NULL, 10);
}

/* Whether the file of that name is still the one that we have open. */
static bool is_named(int fd, const char *path)
{
    struct stat ours, theirs;
    return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

/* Opens and locks; SIO_EAGAIN when it was removed meanwhile, SIO_EEXIST when somebody else has it,
 * whose pid is in `pid`; SIO_EINVAL when it is no such file. */
static int lock(const char *path, int *out, long *pid)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    if (fd < 0)
        return SIO_ESYS;
    *pid = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read_pid(fd) : -1;
    int rc = 0;
    if (*pid < 0)
        rc = SIO_EINVAL;
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        rc = errno == EWOULDBLOCK ? SIO_EEXIST : SIO_ESYS;
    else if (!is_named(fd, path))
        rc = SIO_EAGAIN;
    if (rc < 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return rc;
    }
    *out = fd;
    return 0;
}

static int write_pid(int fd)
{
    char text[PID_TEXT_MAX];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n ? 0 : SIO_ESYS;
}

/* lock_file(path) -> descriptor; the file has our pid in it. nil, text, code: "eexist" when another
 * process has it, then its pid as well (0: not known yet); "einval" when there is another file. */
static int llock_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int fd = -1, rc = SIO_EAGAIN;
    long pid = 0;
    for (int i = 0; i < LOCK_TRIES && rc == SIO_EAGAIN; i++)
        rc = lock(path, &fd, &pid);
    if (rc == 0)
        rc = write_pid(fd);
    if (rc == 0) {
        lua_pushinteger(L, fd);
        return 1;
    }
    int n = sio_process_fail(L, rc);
    if (fd >= 0)
        close(fd);
    lua_pushinteger(L, pid);
    return n + 1;
}

/* unlock_file(path, descriptor): removes it, when it is still ours, and closes the descriptor */
static int lunlock_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int fd = sio_process_check_fd(L, 2);
    if (is_named(fd, path))
        unlink(path);
    close(fd);
    return 0;
}

void llock_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"lock_file", llock_file}, {"unlock_file", lunlock_file}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
