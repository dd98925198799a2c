// SPDX-License-Identifier: MIT
/* codec/http_parse against the tables in spec/hostile: how many requests it finds, what it says
 * about the rest, and that no cut of the input changes either. The format is told in garden.txt;
 * the same cases go over a socket in spec/hostile/requests.test.mjs.
 */
#include "codec/http_parse.h"

#include "base/buf.h"
#include "test.h"

struct row {
    char id[16];
    unsigned seen;
    char end[8];
    struct sio_buf bytes;
};

/* What the parser made of one cut. */
struct found {
    unsigned seen;
    char end[8];
};

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

static void append_unescaped(struct sio_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        if (c == '\\') {
            c = *++text;
            if (c == 'x') {
                c = (char)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
                text += 2;
            } else {
                c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
            }
        }
        sio_buf_append_char(out, c);
    }
}

static void parse_all(struct sio_http_parser *p, struct sio_slice in, struct found *f)
{
    for (;;) {
        switch (sio_http_parse(p, &in)) {
        case SIO_HTTP_MORE:
            return;
        case SIO_HTTP_END:
            f->seen++;
            break;
        case SIO_HTTP_ERROR:
            snprintf(f->end, sizeof f->end, "%d", p->status);
            return;
        default:
            break;
        }
    }
}

static void check_cut(struct test_feed *feed, void *arg)
{
    const struct row *row = arg;
    struct sio_http_parser p;
    struct found f = {0};
    struct sio_slice piece;
    bool kept_end = strcmp(row->end, "x") != 0; /* else what follows is for the connection to cut */
    sio_http_parser_init(&p);
    while (f.end[0] == '\0' && test_feed_next(feed, &piece))
        parse_all(&p, piece, &f);
    if (f.end[0] == '\0')
        strcpy(f.end, p.state == SIO_HTTP_AT_START ? "." : "+");
    CHECK_EQ_INT(f.seen, row->seen);
    if (kept_end)
        CHECK_EQ_STR(f.end, row->end);
    sio_http_parser_fini(&p);
}

static void check_row(struct row *row)
{
    unsigned before = test_state.failures;
    if (row->bytes.len == 0)
        return;
    test_feed_all(sio_buf_slice(&row->bytes), check_cut, row);
    if (test_state.failures != before)
        printf("# in row %s\n", row->id);
    sio_buf_fini(&row->bytes);
}

static void check_table(const char *path, unsigned expected)
{
    FILE *file = fopen(path, "r");
    struct row row = {0};
    char line[256];
    unsigned rows = 0;
    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "    ", 4) == 0) {
            append_unescaped(&row.bytes, line + 4);
        } else if (line[0] != '#' && line[0] != '\0') {
            check_row(&row);
            CHECK_EQ_INT(sscanf(line, "%15s %u %7s", row.id, &row.seen, row.end), 3);
            rows++;
        }
    }
    check_row(&row);
    CHECK_EQ_INT(rows, expected);
    fclose(file);
}

TEST(requests_that_others_read_as_two)
{
    check_table("spec/hostile/garden.txt", 76);
}

TEST(requests_that_are_whole_or_cut_off)
{
    check_table("spec/hostile/h1spec.txt", 33);
}
