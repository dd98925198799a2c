// SPDX-License-Identifier: MIT
/* Prints figures; the works call it when all replies were right. */
#include "report.h"

#include <stdio.h>

static double us(uint64_t ns)
{
    return (double)ns / 1000;
}

static void print_count(const char *name, uint64_t n)
{
    if (n != 0)
        printf(",\"%s\":%ju", name, (uintmax_t)n);
}

void load_report_print(const struct load_report *report)
{
    const struct load_options *options = report->options;
    const struct load_window *window = report->window;
    printf("{\"work\":\"%s\",\"dialect\":\"%s\",\"clients\":%u", options->work,
           options->dialect == LOAD_RAW ? "raw" : "sio", report->clients);
    print_count("idle", report->idle);
    print_count("messages", report->messages);
    printf(",\"unit\":\"%s\"", report->unit);
    print_count("units", report->units);
    if (window->n_pids > 0)
        printf(",\"cpu_us\":%.0f,\"us_per_unit\":%.4f", us(window->cpu_ns),
               us(window->cpu_ns) / (double)report->units);
    if (report->latency != NULL)
        printf(",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f", us(load_latency_at(report->latency, .5)),
               us(load_latency_at(report->latency, .99)),
               us(load_latency_at(report->latency, .999)));
    printf(",\"wall_us\":%.0f}\n", us(window->wall_ns));
    fflush(stdout);
}
