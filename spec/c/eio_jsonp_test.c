// SPDX-License-Identifier: MIT
/* codec/eio_jsonp: calls and forms. */
#include "codec/eio_jsonp.h"

#include "base/err.h"
#include "test.h"

TEST(numbers_are_digits_only)
{
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("0")), 0);
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("42")), 42);
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("alert(1)")), 1); /* H48f */
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("1];x[2")), 12);
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("")), 0);
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("x")), 0);
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("999999999")), 999999999); /* EIO_JSONP_DIGITS_MAX */
    CHECK_EQ_INT(eio_jsonp_number(SIO_LIT("9999999990")), 999999999);
}

static void calls(struct sio_slice payload, const char *wanted)
{
    struct sio_buf out = {0};
    eio_jsonp_append(&out, 7, payload);
    CHECK_EQ_SLICE(sio_buf_slice(&out), sio_slice_str(wanted));
    sio_buf_fini(&out);
}

TEST(a_call_is_a_script)
{
    calls(SIO_LIT(""), "___eio[7](\"\");");
    calls(SIO_LIT("4a\x1e"
                  "4\"\\\n"),
          "___eio[7](\"4a\\u001e4\\\"\\\\\\n\");");
    calls(SIO_LIT("\xe2\x80\xa8|\xe2\x80\xa9"), "___eio[7](\"\\u2028|\\u2029\");");
    calls(SIO_LIT("\xe2\x80\xa7\xe2\x80\xaa\xe2\x81\xa8"),
          "___eio[7](\"\xe2\x80\xa7\xe2\x80\xaa\xe2\x81\xa8\");");
}

static void decodes(const char *form, int wanted, const char *payload)
{
    struct sio_buf out = {0};
    CHECK_EQ_INT(eio_jsonp_decode(&out, sio_slice_str(form)), wanted);
    CHECK_EQ_SLICE(sio_buf_slice(&out), sio_slice_str(payload));
    sio_buf_fini(&out);
}

TEST(forms)
{
    decodes("d=4hi", 0, "4hi");
    decodes("d=4a%20b+c%C3%BC", 0, "4a b c\xc3\xbc");
    decodes("d=", 0, "");
    decodes("d", 0, "");
    decodes("x=1&d=4hi", 0, "4hi");
    decodes("", SIO_EPROTO, "");
    decodes("x=4hi", SIO_EPROTO, "");
}

TEST(line_ends)
{
    decodes("d=a%5Cnb", 0, "a\nb");          /* \n */
    decodes("d=a%5C%5Cnb", 0, "a\\nb");      /* \\n */
    decodes("d=a%5C%5C%5Cnb", 0, "a\\\\nb"); /* \\\n */
    decodes("d=%5C", 0, "\\");
    decodes("d=%5C%5C", 0, "\\\\");
    decodes("d=%5Cx%5Cn", 0, "\\x\n");
}
