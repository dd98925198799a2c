// SPDX-License-Identifier: MIT
/* The command line, one table. main calls it first; the works read the struct.
 *
 * Invariant: what leaves here is in range, no work checks it again.
 */
#include "options.h"

#include "fail.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: load WORK --port N [option...]\n"
    "Does one work against a running server on 127.0.0.1 and prints one JSON object. Status 0: "
    "every\n"
    "reply was right. 1: one was lost, duplicated, reordered or altered, or a connection ended.\n"
    "\n"
    "works\n"
    "  broadcast  a client says something, all hear it; unit: delivery\n"
    "  ack        each client emits and waits for the acknowledgement; unit: round trip\n"
    "  connect    opens the clients; unit: connection\n"
    "  idle       opens the clients, prints, keeps them until stdin ends; unit: connection\n"
    "\n"
    "options\n"
    "  --pid P1,P2,...       processes whose CPU time is read\n"
    "  --clients N           connections (1000)\n"
    "  --total N             messages of all clients together (broadcast 100, ack 40000)\n"
    "  --seconds N           so long instead\n"
    "  --size N              bytes of a value (20)\n"
    "  --inflight N          broadcast: said at a time; the next when all have heard all (1)\n"
    "  --rooms N             broadcast: the clients are spread over N rooms, said to one by one\n"
    "  --outstanding N       ack: of each client (1)\n"
    "  --pending N           connections being opened at a time (100)\n"
    "  --headers minimal|browser  of the requests (minimal)\n"
    "  --dialect sio|raw     Socket.IO, or what build/bench/floor speaks (sio)\n"
    "  --patience N          seconds without a message that fail the run (20)\n";

enum name {
    PORT = 1,
    PID,
    CLIENTS,
    TOTAL,
    SECONDS,
    SIZE,
    INFLIGHT,
    ROOMS,
    OUTSTANDING,
    PENDING,
    HEADERS,
    DIALECT,
    PATIENCE,
    HELP,
};

static const struct option table[] = {
    {"port", required_argument, NULL, PORT},
    {"pid", required_argument, NULL, PID},
    {"clients", required_argument, NULL, CLIENTS},
    {"total", required_argument, NULL, TOTAL},
    {"seconds", required_argument, NULL, SECONDS},
    {"size", required_argument, NULL, SIZE},
    {"inflight", required_argument, NULL, INFLIGHT},
    {"rooms", required_argument, NULL, ROOMS},
    {"outstanding", required_argument, NULL, OUTSTANDING},
    {"pending", required_argument, NULL, PENDING},
    {"headers", required_argument, NULL, HEADERS},
    {"dialect", required_argument, NULL, DIALECT},
    {"patience", required_argument, NULL, PATIENCE},
    {"help", no_argument, NULL, HELP},
    {0},
};

_Noreturn static void usage(void)
{
    fputs(help, stderr);
    exit(LOAD_USAGE);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || v < least || v > most) {
        fprintf(stderr, "load: \"%s\" is not a number from %u to %u\n", text, least, most);
        exit(LOAD_USAGE);
    }
    return (uint32_t)v;
}

static bool one_of(const char *text, const char *no, const char *yes)
{
    if (strcmp(text, no) != 0 && strcmp(text, yes) != 0) {
        fprintf(stderr, "load: \"%s\" is neither %s nor %s\n", text, no, yes);
        exit(LOAD_USAGE);
    }
    return strcmp(text, yes) == 0;
}

static void read_pids(struct load_options *options, char *list)
{
    for (char *p = strtok(list, ","); p != NULL; p = strtok(NULL, ",")) {
        if (options->n_pids == LOAD_PIDS_MAX)
            usage();
        options->pids[options->n_pids++] = (pid_t)number(p, 1, INT32_MAX);
    }
}

static void set(struct load_options *options, enum name name, char *value)
{
    switch (name) {
    case PORT:
        options->port = (uint16_t)number(value, 1, UINT16_MAX);
        return;
    case PID:
        read_pids(options, value);
        return;
    case CLIENTS:
        options->clients = number(value, 1, 1000000);
        return;
    case TOTAL:
        options->total = number(value, 1, 1000000000);
        return;
    case SECONDS:
        options->seconds = number(value, 1, 3600);
        return;
    case SIZE:
        options->size = number(value, LOAD_VALUE_MIN, LOAD_VALUE_MAX);
        return;
    case INFLIGHT:
        options->inflight = number(value, 1, LOAD_INFLIGHT_MAX);
        return;
    case ROOMS:
        options->rooms = number(value, 1, 1000000);
        return;
    case OUTSTANDING:
        options->outstanding = number(value, 1, LOAD_INFLIGHT_MAX);
        return;
    case PENDING:
        options->pending = number(value, 1, 10000);
        return;
    case HEADERS:
        options->browser_headers = one_of(value, "minimal", "browser");
        return;
    case DIALECT:
        options->dialect = one_of(value, "sio", "raw") ? LOAD_RAW : LOAD_SIO;
        return;
    case PATIENCE:
        options->patience_s = number(value, 1, 3600);
        return;
    case HELP:
        fputs(help, stdout);
        exit(0);
    }
    usage();
}

void load_options_read(struct load_options *options, int argc, char **argv)
{
    *options = (struct load_options){
        .clients = 1000,
        .size = 20,
        .inflight = 1,
        .outstanding = 1,
        .pending = 100,
        .patience_s = 20,
    };
    int name;
    while ((name = getopt_long(argc, argv, "", table, NULL)) != -1)
        set(options, (enum name)name, optarg);
    if (optind != argc - 1 || options->port == 0)
        usage();
    options->work = argv[optind];
    if (options->rooms > options->clients)
        options->rooms = options->clients;
}
