// SPDX-License-Identifier: MIT
/* A library to preload: makes one allocation fail, of those that our module or Lua ask for.
 *
 * $SIO_FAIL_FILE holds two numbers (u64, of this machine) that the test and the processes share:
 * which allocation is to fail, 0 for none, and how many there were. Writing both to begin anew is
 * the test's; allocations of libraries are neither counted nor failed.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static struct {
    _Atomic uint64_t at, n;
} * control;

__attribute__((constructor)) static void open_control(void)
{
    const char *path = getenv("SIO_FAIL_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p;
    if (fd < 0)
        return;
    p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED)
        control = p;
}

static int is_ours(const void *caller)
{
    Dl_info info;
    const char *name;
    if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
        return 0;
    name = strrchr(info.dli_fname, '/');
    name = name ? name + 1 : info.dli_fname;
    return strcmp(name, "core.so") == 0 || strncmp(name, "lua", 3) == 0 ||
           strncmp(name, "liblua", 6) == 0;
}

static int fails(const void *caller)
{
    if (control == NULL || atomic_load(&control->at) == 0 || !is_ours(caller))
        return 0;
    return atomic_fetch_add(&control->n, 1) + 1 == atomic_load(&control->at);
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}
