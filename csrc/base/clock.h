// SPDX-License-Identifier: MIT
/* Time. Timers and ages use the monotonic clock only, which all processes of a host share.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_CLOCK_H
#define SIO_BASE_CLOCK_H

#include <stdint.h>

uint64_t sio_clock_ms(void);       /* CLOCK_MONOTONIC, milliseconds */
uint64_t sio_clock_rough_ms(void); /* the same, up to 10 ms behind, for a tenth of the price */
uint64_t sio_clock_wall_ms(void);  /* CLOCK_REALTIME, for what people read */

#endif
