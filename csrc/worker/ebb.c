// SPDX-License-Identifier: MIT
/* See ebb.h. Stands on nothing; worker.c asks at each beat. */
#include "worker/ebb.h"

bool sio_ebb_is_low(struct sio_ebb *e, size_t now)
{
    bool falling = now < e->last;
    e->last = now;
    if (now > e->most)
        e->most = now;
    if (falling || e->most < SIO_EBB_HERD || now > e->most / SIO_EBB_PART)
        return false;
    e->most = now;
    return true;
}
