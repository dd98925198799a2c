// SPDX-License-Identifier: MIT
/* The command line, one table. main calls it first; the works read the struct.
 *
 * Invariant: what leaves here is in range, no work checks it again.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE = 2 }; /* exit status */

static const char help[] =
    "usage: load WORK --port N [option...]\n"
    "Does one work against a running server on 127.0.0.1 and prints one JSON object. Status 0: "
    "every\n"
    "reply was right. 1: one was lost, duplicated, reordered or altered, or a connection ended.\n"
    "\n"
    "works\n"
    "  broadcast  a client says something, all hear it; unit: delivery\n"
    "  busy       the same in a room of its own, beside idle clients; unit: delivery\n"
    "  ack        each client emits and waits for the acknowledgement; unit: round trip\n"
    "  polling    the same by long-polling: one POST, and the answer in a GET; unit: round trip\n"
    "  connect    opens the clients; unit: connection\n"
    "  idle       opens the clients, prints, keeps them until stdin ends; unit: connection\n"
    "\n"
    "options\n"
    "  --pid P1,P2,...       processes whose CPU time is read\n"
    "  --clients N           connections (1000); busy: the idle ones\n"
    "  --busy N              busy: clients of the room (100)\n"
    "  --total N             messages of all clients together (each work has its own number)\n"
    "  --seconds N           so long instead; 0.5 is possible\n"
    "  --size N              bytes of a value (20)\n"
    "  --binary              values are binary\n"
    "  --inflight N          broadcast: said at a time; the next when all have heard all (1)\n"
    "  --rooms N             broadcast: the clients are spread over N rooms, said to one by one\n"
    "  --outstanding N       ack: of each client; the next when all are answered (1)\n"
    "  --rate N              ack: so many a second, whether the answers come or not; latencies\n"
    "  --deflate             permessage-deflate, both ways\n"
    "  --tls                 wss and https; the certificate is not verified\n"
    "  --pending N           connections being opened at a time (100)\n"
    "  --headers minimal|browser  of the requests (minimal)\n"
    "  --dialect sio|raw     Socket.IO, or what build/bench/floor speaks (sio)\n"
    "  --patience N          seconds without a message that fail the run (20)\n"
    "  --help                this\n";

enum kind { NUMBER, SECONDS, FLAG, CHOICE, PIDS, HELP };

static const struct spec {
    const char *name;
    enum kind kind;
    size_t at;
    uint32_t least, most;
    const char *no, *yes; /* CHOICE: 0 and 1 */
} specs[] = {
#define AT(field) offsetof(struct load_options, field)
    {"port", NUMBER, AT(port), 1, UINT16_MAX, NULL, NULL},
    {"clients", NUMBER, AT(clients), 1, 1000000, NULL, NULL},
    {"busy", NUMBER, AT(busy), 1, 10000, NULL, NULL},
    {"total", NUMBER, AT(total), 1, 1000000000, NULL, NULL},
    {"seconds", SECONDS, AT(window_ms), 1, 3600000, NULL, NULL},
    {"size", NUMBER, AT(size), LOAD_VALUE_MIN, LOAD_VALUE_MAX, NULL, NULL},
    {"inflight", NUMBER, AT(inflight), 1, LOAD_INFLIGHT_MAX, NULL, NULL},
    {"rooms", NUMBER, AT(rooms), 1, 1000000, NULL, NULL},
    {"outstanding", NUMBER, AT(outstanding), 1, LOAD_INFLIGHT_MAX, NULL, NULL},
    {"rate", NUMBER, AT(rate), 1, 1000000, NULL, NULL},
    {"pending", NUMBER, AT(pending), 1, 10000, NULL, NULL},
    {"patience", NUMBER, AT(patience_s), 1, 3600, NULL, NULL},
    {"binary", FLAG, AT(binary), 0, 0, NULL, NULL},
    {"deflate", FLAG, AT(deflate), 0, 0, NULL, NULL},
    {"tls", FLAG, AT(tls), 0, 0, NULL, NULL},
    {"headers", CHOICE, AT(browser_headers), 0, 0, "minimal", "browser"},
    {"dialect", CHOICE, AT(dialect), 0, 0, "sio", "raw"},
    {"pid", PIDS, 0, 0, 0, NULL, NULL},
    {"help", HELP, 0, 0, 0, NULL, NULL},
#undef AT
};
enum { SPECS = sizeof specs / sizeof specs[0] };

_Noreturn static void usage(void)
{
    fputs(help, stderr);
    exit(USAGE);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || v < least || v > most) {
        fprintf(stderr, "load: \"%s\" is not a number from %u to %u\n", text, least, most);
        exit(USAGE);
    }
    return (uint32_t)v;
}

/* Seconds, in milliseconds. */
static uint32_t milliseconds(const char *text, uint32_t least, uint32_t most)
{
    char *end;
    double v = strtod(text, &end) * 1000;
    if (*text < '0' || *text > '9' || *end != '\0' || !(v >= least && v <= most)) {
        fprintf(stderr, "load: \"%s\" is not a number from %g to %u\n", text, least / 1000.0,
                most / 1000);
        exit(USAGE);
    }
    return (uint32_t)v;
}

static bool choice(const struct spec *spec, const char *text)
{
    if (strcmp(text, spec->no) != 0 && strcmp(text, spec->yes) != 0) {
        fprintf(stderr, "load: --%s is %s or %s\n", spec->name, spec->no, spec->yes);
        exit(USAGE);
    }
    return strcmp(text, spec->yes) == 0;
}

static void read_pids(struct load_options *options, char *list)
{
    for (char *p = strtok(list, ","); p != NULL; p = strtok(NULL, ",")) {
        if (options->n_pids == LOAD_PIDS_MAX)
            usage();
        options->pids[options->n_pids++] = (pid_t)number(p, 1, INT32_MAX);
    }
}

static void set(struct load_options *options, const struct spec *spec, char *value)
{
    void *field = (char *)options + spec->at;
    switch (spec->kind) {
    case NUMBER:
        *(uint32_t *)field = number(value, spec->least, spec->most);
        return;
    case SECONDS:
        *(uint32_t *)field = milliseconds(value, spec->least, spec->most);
        return;
    case FLAG:
        *(bool *)field = true;
        return;
    case CHOICE:
        if (spec->at == offsetof(struct load_options, dialect))
            options->dialect = choice(spec, value) ? LOAD_RAW : LOAD_SIO;
        else
            *(bool *)field = choice(spec, value);
        return;
    case PIDS:
        read_pids(options, value);
        return;
    case HELP:
        fputs(help, stdout);
        exit(0);
    }
}

void load_options_read(struct load_options *options, int argc, char **argv)
{
    struct option names[SPECS + 1] = {0};
    for (int i = 0; i < SPECS; i++) {
        bool bare = specs[i].kind == FLAG || specs[i].kind == HELP;
        names[i] = (struct option){specs[i].name, bare ? no_argument : required_argument, NULL, i};
    }
    *options = (struct load_options){
        .clients = 1000,
        .busy = 100,
        .size = 20,
        .inflight = 1,
        .outstanding = 1,
        .pending = 100,
        .patience_s = 20,
    };
    int i;
    while ((i = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (i == '?')
            usage();
        set(options, &specs[i], optarg);
    }
    if (optind != argc - 1 || options->port == 0)
        usage();
    options->work = argv[optind];
}
