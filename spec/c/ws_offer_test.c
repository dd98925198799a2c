// SPDX-License-Identifier: MIT
/* codec/ws_offer: offers of permessage-deflate, and what is answered. */
#include "codec/ws_deflate.h"

#include "base/err.h"
#include "test.h"

static const struct sio_ws_terms strict = {true, true, true, 15, 15};
static const struct sio_ws_terms loose = {true, false, false, 15, 15};

/* The answer's field, "none", or "bad". A line break in `offers` begins another field. */
static void expect(const char *file, int line, const struct sio_ws_terms *wanted,
                   const char *offers, const char *answer)
{
    struct sio_http_field fields[4];
    struct sio_http_request r = {.fields = fields};
    struct sio_ws_terms agreed;
    struct sio_slice rest = sio_slice_str(offers);
    struct sio_buf got = {0};
    const char *end;
    do {
        end = memchr(rest.p, '\n', rest.len);
        fields[r.n_fields].name = SIO_LIT("sec-websocket-EXTENSIONS");
        fields[r.n_fields++].value = sio_slice(rest.p, end ? (size_t)(end - rest.p) : rest.len);
        rest = sio_slice_from(rest, end ? (size_t)(end - rest.p) + 1 : rest.len);
    } while (end != NULL);
    if (sio_ws_deflate_negotiate(&r, wanted, &agreed) != 0)
        sio_buf_append_slice(&got, SIO_LIT("bad"));
    else if (!agreed.deflate)
        sio_buf_append_slice(&got, SIO_LIT("none"));
    else
        sio_ws_deflate_write(&got, &agreed);
    if (!test_eq_slice(file, line, sio_buf_slice(&got), sio_slice_str(answer), "answer"))
        printf("# offered: %s\n", offers);
    sio_buf_fini(&got);
}
#define EXPECT(wanted, offers, answer) expect(__FILE__, __LINE__, wanted, offers, answer)

#define PMD "permessage-deflate"
#define ALONE "; server_no_context_takeover; client_no_context_takeover"

TEST(offers_are_accepted_with_the_terms_of_both)
{
    EXPECT(&strict, PMD, PMD ALONE);
    EXPECT(&loose, PMD, PMD);
    EXPECT(&strict, PMD "; client_max_window_bits", PMD ALONE); /* what browsers say */
    EXPECT(&loose, PMD "; server_no_context_takeover", PMD "; server_no_context_takeover");
    EXPECT(&loose, PMD ";client_no_context_takeover", PMD "; client_no_context_takeover");
    EXPECT(&loose, PMD " ;\tserver_max_window_bits = 10 ", PMD "; server_max_window_bits=10");
    EXPECT(&loose, PMD "; server_max_window_bits=8", PMD "; server_max_window_bits=8");
    EXPECT(&loose, PMD "; server_max_window_bits=15", PMD "; server_max_window_bits=15");
    EXPECT(&loose, PMD "; server_max_window_bits=\"10\"", PMD "; server_max_window_bits=10");
    EXPECT(&loose, PMD "; server_max_window_bits=\"1\\0\"", PMD "; server_max_window_bits=10");
    EXPECT(&loose, PMD "; client_max_window_bits=9", PMD "; client_max_window_bits=9");
}

TEST(windows_are_the_smaller_of_both)
{
    const struct sio_ws_terms small = {true, false, false, 10, 11};
    EXPECT(&small, PMD "; client_max_window_bits",
           PMD "; server_max_window_bits=10; client_max_window_bits=11");
    EXPECT(&small, PMD "; client_max_window_bits=9; server_max_window_bits=12",
           PMD "; server_max_window_bits=10; client_max_window_bits=9");
    EXPECT(&small, PMD "; client_max_window_bits; server_max_window_bits=9",
           PMD "; server_max_window_bits=9; client_max_window_bits=11");
    EXPECT(&small, PMD, "none"); /* this client cannot be told a window */
    EXPECT(&small, PMD ", " PMD "; client_max_window_bits; server_max_window_bits=9",
           PMD "; server_max_window_bits=9; client_max_window_bits=11");
}

TEST(the_first_of_several_offers_is_taken)
{
    EXPECT(&loose, PMD "; server_max_window_bits=10, " PMD, PMD "; server_max_window_bits=10");
    EXPECT(&loose, PMD "," PMD "; server_max_window_bits=10", PMD);
    EXPECT(&loose, "foo; bar=\"baz\" , " PMD, PMD);
    EXPECT(&loose, "foo\n" PMD, PMD); /* two fields */
    EXPECT(&loose, PMD "\n" PMD "; server_no_context_takeover", PMD);
}

TEST(other_extensions_do_not_matter) /* D00 */
{
    EXPECT(&strict, "x-webkit-deflate-frame", "none");
    EXPECT(&strict, "constructor", "none");
    EXPECT(&strict, "foo; bar; bar; baz=1, permessage-bzip2", "none");
    EXPECT(&strict, "Permessage-deflate; foo", "none");
}

TEST(bad_parameters_are_refused) /* D00 */
{
    static const char *const parameters[] = {
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "client_max_window_bits=16",
        "client_max_window_bits=7",
        "client_max_window_bits=0",
        "server_max_window_bits",
        "server_max_window_bits=\"\"",
        "server_max_window_bits=010",
        "server_max_window_bits=08",
        "server_max_window_bits=1e1",
        "server_max_window_bits=+10",
        "server_max_window_bits=115",
        "server_max_window_bits=4294967306",
        "server_max_window_bits=\"1111110\"",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; client_max_window_bits=10",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover=1",
        "server_no_context_takeover=\"true\"",
        "foo",
        "foo=bar",
        "Server_no_context_takeover",
    };
    char offer[160];
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        snprintf(offer, sizeof offer, PMD "; %s", parameters[i]);
        EXPECT(&strict, offer, "bad");
        snprintf(offer, sizeof offer, PMD ", " PMD "; %s", parameters[i]); /* behind a good one */
        EXPECT(&strict, offer, "bad");
        snprintf(offer, sizeof offer, "foo\n" PMD "; %s", parameters[i]);
        EXPECT(&strict, offer, "bad");
    }
}

TEST(what_is_no_list_is_refused) /* D00 */
{
    static const char *const values[] = {
        "",
        ";;",
        ",",
        PMD ";",
        PMD ",",
        "," PMD,
        PMD ",," PMD,
        PMD ";;",
        PMD " foo",
        PMD "; =10",
        PMD "; a=",
        "foo; a=\"b",
        "foo; a=\"\"",
        "foo; a=\" b\"",
        "foo; a=\"b c\"",
        "foo; a=\"b\"c",
        PMD "; server_max_window_bits=\"10\\\"",
        "foo; a=\"\\",
        "foo=1",
        "foo;;",
        "\"foo\"",
        "foo/1",
        "foo; a = b c",
        "foo; a=\"b\\\"\"",
        "foo\xc3\xa9",
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        EXPECT(&strict, values[i], "bad");
}

TEST(with_the_option_off_nothing_matters) /* W21 */
{
    const struct sio_ws_terms off = {0};
    EXPECT(&off, PMD, "none");
    EXPECT(&off, ";;", "none");
    EXPECT(&off, PMD "; server_max_window_bits=7", "none");
}

/* ReDoS of other parsers: the time is linear, whatever comes. */
TEST(long_fields_are_read_once)
{
    struct sio_buf b = {0};
    for (int i = 0; i < 2000; i++)
        sio_buf_append_slice(&b, SIO_LIT("x; a=\"\\b\"  ,\t"));
    sio_buf_append_slice(&b, SIO_LIT(PMD "\0"));
    EXPECT(&loose, b.p, PMD);
    sio_buf_fini(&b);
}
