// SPDX-License-Identifier: MIT
/* build/bench/load: one work against a running server, see `load --help` and bench/README.md.
 *
 * Reading order: options, works, crowd (clients and their handshakes), conn (sockets), reel (what
 * is said), ear (whether it was heard), report.
 */
#include "fail.h"
#include "options.h"
#include "works.h"

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    void (*run)(const struct load_options *options);
} works[] = {
    {"ack", load_work_ack},   {"broadcast", load_work_broadcast},
    {"busy", load_work_busy}, {"connect", load_work_connect},
    {"idle", load_work_idle}, {"polling", load_work_polling},
};

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_fail_errno("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_fail_errno("setrlimit");
}

int main(int argc, char **argv)
{
    struct load_options options;
    load_options_read(&options, argc, argv);
    raise_descriptors();
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        if (strcmp(works[i].name, options.work) == 0) {
            works[i].run(&options);
            return 0;
        }
    }
    load_fail("there is no work \"%s\"", options.work);
}
