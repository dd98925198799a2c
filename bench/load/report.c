// SPDX-License-Identifier: MIT
/* Prints figures; the works call it when all replies were right. */
#include "report.h"

#include <stdio.h>

static double us(uint64_t ns)
{
    return (double)ns / 1000;
}

void load_report_print(const struct load_report *report)
{
    const struct load_options *options = report->options;
    const struct load_window *window = report->window;
    printf("{\"work\":\"%s\",\"dialect\":\"%s\",\"clients\":%u", options->work,
           options->dialect == LOAD_RAW ? "raw" : "sio", options->clients);
    if (report->messages != 0)
        printf(",\"messages\":%ju", (uintmax_t)report->messages);
    printf(",\"unit\":\"%s\",\"units\":%ju", report->unit, (uintmax_t)report->units);
    if (window->n_pids > 0)
        printf(",\"cpu_us\":%.0f,\"us_per_unit\":%.4f", us(window->cpu_ns),
               us(window->cpu_ns) / (double)report->units);
    printf(",\"wall_us\":%.0f}\n", us(window->wall_ns));
    fflush(stdout);
}
