// SPDX-License-Identifier: MIT
/* Connect: what it costs to get in, from the first SYN to the answer to Socket.IO's connect. At
 * most --pending connections are on their way; all stay until the window is closed.
 */
#include "works.h"

#include "clock.h"
#include "crowd.h"
#include "fail.h"
#include "flock.h"
#include "report.h"

void load_work_connect(const struct load_options *options)
{
    if (options->clients > load_flock_per_process())
        load_fail("%u clients are more than the %u descriptors of a process", options->clients,
                  load_flock_per_process());
    struct load_crowd crowd;
    load_crowd_init(&crowd, options, options->clients);
    struct load_window window;
    load_window_start(&window, options->pids, options->n_pids);
    load_crowd_open(&crowd);
    load_window_stop(&window);
    load_crowd_settle(&crowd);

    load_report_print(&(struct load_report){
        .options = options,
        .window = &window,
        .clients = crowd.n,
        .unit = "connection",
        .units = crowd.n,
    });
    load_crowd_fini(&crowd);
}
