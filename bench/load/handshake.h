// SPDX-License-Identifier: MIT
/* How a client gets in: the HTTP upgrade, Engine.IO's open packet, Socket.IO's connect.
 *
 * Owns:     nothing.
 * Errors:   an answer that is not the expected one fails the run, with the answer in the message.
 * Reenters: no.
 */
#ifndef LOAD_HANDSHAKE_H
#define LOAD_HANDSHAKE_H

#include "crowd.h"

void load_handshake_request(struct load_bytes *out, const struct load_options *options);
/* The response to it; returns its length, 0 while it is not whole. */
size_t load_handshake_response(struct load_client *client, const uint8_t *p, size_t len);
/* A text message before READY; moves the client on. */
void load_handshake_frame(struct load_client *client, const struct load_frame *frame);

#endif
