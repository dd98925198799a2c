// SPDX-License-Identifier: MIT
/* The clocks in milliseconds. Stands on libc; layers from net up call it, codecs never do:
 * they are given times, which keeps them testable.
 */
#include "base/clock.h"

#include <time.h>

static uint64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts); /* cannot fail for these ids */
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t sio_clock_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

uint64_t sio_clock_rough_ms(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_ms(CLOCK_MONOTONIC_COARSE);
#else
    return read_ms(CLOCK_MONOTONIC);
#endif
}

uint64_t sio_clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
