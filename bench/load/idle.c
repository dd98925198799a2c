// SPDX-License-Identifier: MIT
/* Idle: the clients come, the report is printed, and they stay until stdin ends; who wants to know
 * what they take looks at the server meanwhile. Status 0 if all of them lived to the end.
 */
#include "works.h"

#include "clock.h"
#include "flock.h"
#include "report.h"

#include <unistd.h>

static void wait_for_end_of_input(void)
{
    char bytes[256];
    while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
    }
}

void load_work_idle(const struct load_options *options)
{
    struct load_window window;
    struct load_flock flock;
    load_window_start(&window, options->pids, options->n_pids);
    load_flock_open(&flock, options, options->clients);
    load_window_stop(&window);
    load_report_print(&(struct load_report){
        .options = options,
        .window = &window,
        .clients = options->clients,
        .unit = "connection",
        .units = options->clients,
    });
    wait_for_end_of_input();
    load_flock_close(&flock);
}
