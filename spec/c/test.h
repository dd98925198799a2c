// SPDX-License-Identifier: MIT
/* A tiny TAP harness, all of it in this header: one binary per *_test.c, linked with the core.
 *
 *     #include "test.h"
 *     TEST(buf_grows) { CHECK_EQ_INT(buf.len, 3); REQUIRE(buf.p != NULL); }
 *
 * Including it defines main(), which runs the tests in the order of the file (only those whose
 * name contains argv[1], when given), prints TAP and exits with 1 when one failed. Those that
 * TEST_LEAVE_OUT names are skipped: "name name", set where they can prove nothing.
 * CHECK* note a failure with both operands and go on; REQUIRE leaves the test.
 * A file that needs a main of its own defines TEST_NO_MAIN and calls test_run_all.
 */
#ifndef SPEC_C_TEST_H
#define SPEC_C_TEST_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/slice.h"

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

struct test_state {
    struct test_case *first, **last;
    unsigned failures;   /* of the running test */
    const char *skipped; /* why, when the running test was skipped */
    char context[96];    /* printed with each failure, e.g. how the input was cut */
};

static struct test_state test_state;

static inline void test_register(struct test_case *t)
{
    if (test_state.last == NULL)
        test_state.last = &test_state.first;
    *test_state.last = t;
    test_state.last = &t->next;
}

#define TEST(ident)                                                                                \
    static void test_##ident(void);                                                                \
    static struct test_case case_##ident = {#ident, test_##ident, NULL};                           \
    __attribute__((constructor)) static void register_##ident(void)                                \
    {                                                                                              \
        test_register(&case_##ident);                                                              \
    }                                                                                              \
    static void test_##ident(void)

/* ---- checks ---------------------------------------------------------------------------------- */

static inline void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    test_state.failures++;
    if (test_state.failures > 20) /* one broken loop must not bury the rest */
        return;
    printf("# %s:%d: ", file, line);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("%s%s\n", test_state.context[0] ? " -- " : "", test_state.context);
}

static inline bool test_check(const char *file, int line, bool ok, const char *text)
{
    if (!ok)
        test_fail(file, line, "CHECK failed: %s", text);
    return ok;
}

static inline bool test_eq_int(const char *file, int line, intmax_t a, intmax_t b,
                               const char *a_text, const char *b_text)
{
    if (a != b)
        test_fail(file, line, "%s is %jd, %s is %jd", a_text, a, b_text, b);
    return a == b;
}

/* Prints bytes as a C string would be written, at most 200 of them. */
static inline const char *test_quote(struct sio_slice s)
{
    static char ring[4][1024];
    static unsigned turn;
    char *out = ring[turn++ % 4];
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < s.len && i < 200; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            out[n++] = (char)c;
        else
            n += (size_t)snprintf(out + n, 8, "\\x%02x", c);
    }
    snprintf(out + n, 32, s.len > 200 ? "\"... (%zu)" : "\" (%zu)", s.len);
    return out;
}

static inline bool test_eq_slice(const char *file, int line, struct sio_slice a, struct sio_slice b,
                                 const char *a_text)
{
    bool ok = sio_slice_eq(a, b);
    if (!ok)
        test_fail(file, line, "%s is %s, expected %s", a_text, test_quote(a), test_quote(b));
    return ok;
}

static inline bool test_eq_str(const char *file, int line, const char *a, const char *b,
                               const char *a_text)
{
    if (a == NULL || b == NULL) {
        if (a != b)
            test_fail(file, line, "%s is %s, expected %s", a_text, a ? a : "NULL", b ? b : "NULL");
        return a == b;
    }
    return test_eq_slice(file, line, sio_slice_str(a), sio_slice_str(b), a_text);
}

/* All of these yield whether the check held, so that a loop may stop. */
#define CHECK(x) test_check(__FILE__, __LINE__, (x), #x)
#define CHECK_EQ_INT(a, b) test_eq_int(__FILE__, __LINE__, (intmax_t)(a), (intmax_t)(b), #a, #b)
#define CHECK_EQ_STR(a, b) test_eq_str(__FILE__, __LINE__, (a), (b), #a)
/* A slice against a string literal, resp. against another slice. */
#define CHECK_SLICE(a, literal) test_eq_slice(__FILE__, __LINE__, (a), SIO_LIT(literal), #a)
#define CHECK_EQ_SLICE(a, b) test_eq_slice(__FILE__, __LINE__, (a), (b), #a)
#define REQUIRE(x)                                                                                 \
    do {                                                                                           \
        if (!CHECK(x))                                                                             \
            return;                                                                                \
    } while (0)
#define SKIP(why)                                                                                  \
    do {                                                                                           \
        test_state.skipped = (why);                                                                \
        return;                                                                                    \
    } while (0)

/* Names what the following checks are about; "" ends it. Cleared after each test. */
static inline void test_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void test_context(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(test_state.context, sizeof test_state.context, fmt, args);
    va_end(args);
}

#include "guard.h"

/* ---- main ------------------------------------------------------------------------------------ */

static inline bool test_is_left_out(const char *name)
{
    const char *list = getenv("TEST_LEAVE_OUT");
    size_t len = strlen(name);
    for (const char *at = list; at != NULL && (at = strstr(at, name)) != NULL; at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

static inline int test_run_all(int argc, char **argv)
{
    unsigned number = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct test_case *t = test_state.first; t != NULL; t = t->next) {
        if (argc > 1 && strstr(t->name, argv[1]) == NULL)
            continue;
        test_state.failures = 0;
        test_state.skipped = NULL;
        test_state.context[0] = '\0';
        if (test_is_left_out(t->name))
            test_state.skipped = "left out of this run";
        else
            t->run();
        failed += test_state.failures != 0;
        printf("%sok %u - %s%s%s\n", test_state.failures ? "not " : "", ++number, t->name,
               test_state.skipped ? " # SKIP " : "", test_state.skipped ? test_state.skipped : "");
    }
    printf("1..%u\n", number);
    return failed != 0;
}

#ifndef TEST_NO_MAIN
int main(int argc, char **argv)
{
    return test_run_all(argc, argv);
}
#endif

#endif
