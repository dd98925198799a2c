// SPDX-License-Identifier: MIT
/* Upstream's defaults, and our limits. */
#include "engine/options.h"

void eio_options_default(struct eio_options *o)
{
    *o = (struct eio_options){
        .path = "/engine.io/",
        .ping_interval_ms = 25000,
        .ping_timeout_ms = 20000,
        .upgrade_timeout_ms = 10000,
        .message_timeout_ms = 60000,
        .close_timeout_ms = 30000,
        .max_http_buffer_size = 1000000,
        .max_buffered = 4u << 20,
        .high_water = 1u << 20,
        .pressure_timeout_ms = 10000,
        .max_sessions = 250000,
        .max_partial = 16384,
        .max_held = 10000,
        .transports = EIO_POLLING | EIO_WEBSOCKET,
        .allow_upgrades = true,
        .deflate = {.terms = {.server_no_context_takeover = true,
                              .client_no_context_takeover = true,
                              .server_max_window_bits = SIO_DEFLATE_BITS_MAX,
                              .client_max_window_bits = SIO_DEFLATE_BITS_MAX},
                    .threshold = 1024,
                    .effort = {SIO_DEFLATE_LEVEL, SIO_DEFLATE_MEM_LEVEL}},
        .http = {.on = true,
                 .threshold = 1024,
                 .effort = {SIO_DEFLATE_LEVEL, SIO_DEFLATE_MEM_LEVEL}},
    };
}
