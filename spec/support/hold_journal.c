// SPDX-License-Identifier: MIT
/* A writer of a running server's journal that stops half-way through a record, holding the lock:
 *
 *     hold_journal PID      of the supervisor or a worker; says "held", and stays so until killed
 *
 * As a worker would be that is stopped at the wrong moment. Used by spec/client/blocked.test.mjs.
 * Stands on cluster/journal and its private layout.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster/journal.h"
#include "cluster/layout.h"

/* The memory that the process shares with its workers, opened anew; -1. */
static int open_memory(const char *pid)
{
    char dir[64], path[512], target[64];
    snprintf(dir, sizeof dir, "/proc/%s/fd", pid);
    DIR *d = opendir(dir);
    int fd = -1;
    for (struct dirent *e; d != NULL && fd < 0 && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n > 0 && strncmp(target, "/memfd:sio-lua", 14) == 0)
            fd = open(path, O_RDWR | O_CLOEXEC);
    }
    if (d != NULL)
        closedir(d);
    return fd;
}

/* The head and half of the bytes, as far as append gets before its copy is whole. */
static void write_half(struct sio_shm *shm)
{
    struct sio_journal_shared *s = shm->journal;
    uint64_t pos = atomic_load(&s->tail);
    struct sio_journal_head head = {.pos = pos, .len = 4096};
    atomic_store(&s->horizon, pos + 8192);
    char *at = shm->ring + (pos & (shm->ring_bytes - 1));
    memcpy(at, &head, sizeof head);
    memset(at + sizeof head, 'x', 2048);
}

int main(int argc, char **argv)
{
    struct sio_shm shm;
    int fd = argc == 2 ? open_memory(argv[1]) : -1;
    if (fd < 0 || sio_shm_attach(&shm, fd) != 0) {
        fprintf(stderr, "hold_journal: no such memory\n");
        return 1;
    }
    while (sio_journal_lock(shm.journal) != 0) {
    }
    write_half(&shm);
    puts("held");
    fflush(stdout);
    for (;;)
        pause();
}
