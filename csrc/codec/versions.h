// SPDX-License-Identifier: MIT
/* Which libraries the codecs were built with, for `sio-lua --version`.
 *
 * Thread: any. Owns: nothing, the texts are static. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_VERSIONS_H
#define SIO_CODEC_VERSIONS_H

struct sio_versions_entry {
    const char *name, *version;
};

/* Ends with an entry without name. wslay is what its header calls itself, which may be older than
 * the package: there is nothing else to ask. */
const struct sio_versions_entry *sio_versions_codec(void);

#endif
