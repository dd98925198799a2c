// SPDX-License-Identifier: MIT
#include "journal_pair.h"

#include <stdlib.h>

void journal_pair_open(struct sio_shm *shm, size_t bytes, struct sio_journal *a,
                       struct sio_journal *b)
{
    struct sio_shm_config c = {
        .slots = 2, .journal_bytes = bytes, .arena_bytes = 65536, .arena_sessions = 64};
    uint32_t ga, gb;
    if (sio_shm_create(shm, &c) != 0 || sio_shm_assign(shm, 0, &ga) != 0 ||
        sio_shm_assign(shm, 1, &gb) != 0)
        abort();
    sio_journal_open(a, shm, (struct sio_place){0, ga});
    sio_journal_open(b, shm, (struct sio_place){1, gb});
}
