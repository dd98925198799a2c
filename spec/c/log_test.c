// SPDX-License-Identifier: MIT
/* base/log: levels, the worker's number, cutting, held-back lines, client text, the line on stderr,
 * and the lines that are kept. */
#include "base/log.h"

#include <fcntl.h>

#include "base/clock.h"
#include "test.h"

static struct {
    unsigned lines;
    enum sio_log_level level;
    char last[SIO_LOG_LINE_MAX];
} seen;

static void on_line(enum sio_log_level level, const char *line)
{
    seen.lines++;
    seen.level = level;
    snprintf(seen.last, sizeof seen.last, "%s", line);
}

static void start(void)
{
    sio_log_set_sink(on_line);
    sio_log_finish(); /* what the last test held back */
    seen.lines = 0;
    sio_log_set_level(SIO_LOG_INFO);
    sio_log_set_worker(0);
    sio_log_set_format(SIO_LOG_TEXT);
}

TEST(levels)
{
    start();
    sio_log(SIO_LOG_DEBUG, "no");
    CHECK_EQ_INT(seen.lines, 0);
    sio_log(SIO_LOG_WARN, "n is %d", 3);
    CHECK_EQ_INT(seen.lines, 1);
    CHECK_EQ_INT(seen.level, SIO_LOG_WARN);
    CHECK_EQ_STR(seen.last, "n is 3");
    sio_log_set_level(SIO_LOG_OFF);
    sio_log(SIO_LOG_ERROR, "no");
    CHECK_EQ_INT(seen.lines, 1);
}

TEST(worker_is_named)
{
    start();
    sio_log_set_worker(2);
    sio_log(SIO_LOG_INFO, "up");
    CHECK_EQ_STR(seen.last, "[worker 2] up");
}

TEST(long_lines_are_cut)
{
    static char text[2 * SIO_LOG_LINE_MAX];
    memset(text, 'a', sizeof text - 1);
    start();
    sio_log(SIO_LOG_INFO, "%s", text);
    CHECK(strlen(seen.last) < SIO_LOG_LINE_MAX);
    CHECK(strlen(seen.last) > SIO_LOG_LINE_MAX - 8);
    CHECK_EQ_STR(seen.last + strlen(seen.last) - 4, "a...");
}

TEST(limited_lines)
{
    static const char key_a[] = "a", key_b[] = "b";
    start();
    for (int i = 0; i < 5; i++)
        sio_log_limited(SIO_LOG_WARN, key_a, "a %d", i);
    CHECK_EQ_INT(seen.lines, 1);
    CHECK_EQ_STR(seen.last, "a 0");
    sio_log_limited(SIO_LOG_WARN, key_b, "b");
    CHECK_EQ_INT(seen.lines, 2);
}

TEST(limited_kinds_beyond_the_table_still_log)
{
    static char keys[SIO_LOG_KINDS_MAX + 10];
    start();
    for (size_t i = 0; i < sizeof keys; i++)
        sio_log_limited(SIO_LOG_INFO, &keys[i], "key %zu", i);
    CHECK_EQ_INT(seen.lines, sizeof keys);
}

TEST(what_was_held_back_is_told_in_the_end)
{
    start();
    for (int i = 0; i < 5; i++)
        sio_log_limited(SIO_LOG_WARN, "c", "c %d", i);
    sio_log_tick();
    CHECK_EQ_INT(seen.lines, 1); /* too early */
    sio_log_finish();
    CHECK_EQ_INT(seen.lines, 2);
    CHECK_EQ_INT(seen.level, SIO_LOG_WARN);
    CHECK_EQ_STR(seen.last, "c 0 (4 more held back)");
    sio_log_finish();
    CHECK_EQ_INT(seen.lines, 2);
}

TEST(repeated_lines_have_a_burst)
{
    start();
    for (int i = 0; i < 5; i++)
        sio_log_repeated(SIO_LOG_ERROR, 77, 3, SIO_LIT("bad\nstack"), NULL, 0);
    CHECK_EQ_INT(seen.lines, 3);
    CHECK_EQ_STR(seen.last, "bad\n    stack");
    sio_log_finish();
    CHECK_EQ_STR(seen.last, "bad (2 more held back)");
}

TEST(lines_are_about_somebody)
{
    start();
    sio_log_about(SIO_LOG_WARN, "d", (struct sio_log_about){.sid = "abc", .ip = "a b"}, "gone");
    CHECK_EQ_STR(seen.last, "gone sid=abc ip=\"a b\"");
    sio_log_about(SIO_LOG_WARN, "e", (struct sio_log_about){0}, "gone");
    CHECK_EQ_STR(seen.last, "gone");
}

TEST(client_text_is_made_harmless)
{
    char cut[SIO_LOG_TEXT_MAX + 4];
    struct sio_slice longer = {
        "0123456789012345678901234567890123456789012345678901234567890123456", 67};
    CHECK_EQ_STR(sio_log_text(SIO_LIT("a\x1b[31m\r\n\0%s\\\xff")),
                 "a\\x1b[31m\\x0d\\x0a\\x00%s\\x5c\\xff");
    CHECK_EQ_STR(sio_log_text(sio_slice(NULL, 0)), "");
    snprintf(cut, sizeof cut, "%.64s...", longer.p);
    CHECK_EQ_STR(sio_log_text(longer), cut);
    CHECK_EQ_STR(sio_log_text(sio_slice(longer.p, 64)) + 60, "0123");
}

TEST(four_texts_live_at_once)
{
    const char *a = sio_log_text(SIO_LIT("a")), *b = sio_log_text(SIO_LIT("b"));
    const char *c = sio_log_text(SIO_LIT("c")), *d = sio_log_text(SIO_LIT("d"));
    CHECK(*a == 'a' && *b == 'b' && *c == 'c' && *d == 'd');
}

TEST(stderr_line_has_time_level_and_worker)
{
    int fds[2], saved = dup(STDERR_FILENO);
    char line[128];
    ssize_t n;
    REQUIRE(pipe(fds) == 0);
    start();
    sio_log_set_sink(NULL);
    sio_log_set_worker(1);
    dup2(fds[1], STDERR_FILENO);
    sio_log(SIO_LOG_ERROR, "text");
    dup2(saved, STDERR_FILENO);
    n = read(fds[0], line, sizeof line - 1);
    REQUIRE(n > 0);
    line[n] = '\0';
    CHECK_EQ_INT(n, strlen("HH:MM:SS.mmm error [worker 1] text\n"));
    CHECK(line[2] == ':' && line[5] == ':' && line[8] == '.');
    CHECK_EQ_STR(line + 12, " error [worker 1] text\n");
    close(fds[0]);
    close(fds[1]);
    close(saved);
}

static unsigned told;

static void on_kept(void *ctx)
{
    (void)ctx;
    told++;
}

TEST(the_last_lines_are_kept)
{
    struct sio_slice line;
    int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);
    start();
    sio_log_set_sink(NULL);
    dup2(null, STDERR_FILENO);
    CHECK_EQ_INT(sio_log_kept(0, &line), 0);
    sio_log_keep(2);
    sio_log_set_tee(on_kept, NULL);
    CHECK_EQ_INT(sio_log_kept(0, &line), 0);
    for (int i = 1; i <= 3; i++)
        sio_log(SIO_LOG_INFO, "line %d", i);
    sio_log_announce(SIO_LOG_INFO, SIO_LIT("plain"), SIO_LIT("message"), NULL, 0);
    dup2(saved, STDERR_FILENO);
    CHECK_EQ_INT(told, 4);
    REQUIRE(sio_log_kept(0, &line) == 3); /* 1 and 2 had to go */
    CHECK_EQ_SLICE(sio_slice_from(line, 12), SIO_LIT(" info line 3"));
    REQUIRE(sio_log_kept(3, &line) == 4);
    CHECK_SLICE(line, "plain");
    CHECK_EQ_INT(sio_log_kept(4, &line), 0);
    sio_log_set_tee(NULL, NULL);
    sio_log_keep(0);
    CHECK_EQ_INT(sio_log_kept(0, &line), 0);
    close(null);
    close(saved);
}

TEST(clocks_run)
{
    uint64_t before = sio_clock_ms();
    CHECK(before > 0);
    CHECK(sio_clock_ms() >= before);
    CHECK(sio_clock_wall_ms() > UINT64_C(1600000000000));
}
