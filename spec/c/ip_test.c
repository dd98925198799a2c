// SPDX-License-Identifier: MIT
/* base/ip: addresses and networks as text, and what a network holds. */
#include "base/ip.h"

#include "base/err.h"
#include "test.h"

TEST(ip_text_round_trip)
{
    static const struct {
        const char *in, *out; /* out NULL: no address */
    } cases[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"::1", "::1"},
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"::FFFF:0a01:0203", "10.1.2.3"},
        {"2001:DB8:0::0:1", "2001:db8::1"},
        {"0000:0000:0000:0000:0000:ffff:192.168.100.200", "192.168.100.200"},
        {"", NULL},
        {"localhost", NULL},
        {"1.2.3", NULL},
        {"0.9.10.99", "0.9.10.99"},
        {"100.101.199.255", "100.101.199.255"},
        {"1.2.3.256", NULL},
        {"1.2.3.4 ", NULL},
        {" 1.2.3.4", NULL},
        {"1.2.3.4:80", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL},
        {"0000:0000:0000:0000:0000:ffff:192.168.100.2000", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_guard guard;
        struct sio_ip ip;
        char text[SIO_IP_TEXT_MAX + 1] = "";
        struct sio_slice in = sio_slice_str(cases[i].in);
        test_guard_init(&guard, in.len);
        int rc = sio_ip_parse(test_guard_put(&guard, in), &ip);
        CHECK_EQ_INT(rc, cases[i].out ? 0 : SIO_EINVAL);
        if (rc == 0) {
            CHECK_EQ_INT(sio_ip_text(&ip, text), strlen(cases[i].out));
            CHECK_EQ_SLICE(sio_slice_str(text), sio_slice_str(cases[i].out));
        }
        test_guard_fini(&guard);
    }
    struct sio_ip ip;
    CHECK_EQ_INT(sio_ip_parse(sio_slice("1.2.3.4\0", 8), &ip), SIO_EINVAL);
    CHECK_EQ_INT(sio_ip_parse(sio_slice(NULL, 0), &ip), SIO_EINVAL);
}

TEST(ip_networks_that_are_none)
{
    static const char *const bad[] = {
        "",       "/",       "/8",          "10.0.0.0/",   "10.0.0.0/33", "10.0.0.0/08",
        "::/129", "::/1000", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", "10.0.0.0/8/8",
        "10.0/8", "ten/8",   "10.0.0.0/x",
    };
    struct sio_ip_net net;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(sio_ip_net_parse(sio_slice_str(bad[i]), &net), SIO_EINVAL);
    CHECK_EQ_INT(sio_ip_net_parse(sio_slice(NULL, 0), &net), SIO_EINVAL);
}

TEST(ip_what_a_network_holds)
{
    static const struct {
        const char *net, *ip;
        bool in;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},      {"10.0.0.0/8", "11.0.0.0", false},
        {"10.9.9.9/8", "10.1.1.1", true}, /* what lies behind the bits is ignored */
        {"10.0.0.0/8", "::ffff:10.1.1.1", true}, {"::ffff:10.0.0.0/104", "10.1.1.1", true},
        {"10.0.0.0/8", "::10.1.1.1", false},     {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},  {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},       {"192.0.2.1/31", "192.0.2.0", true},
        {"0.0.0.0/0", "8.8.8.8", true},          {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},           {"::/0", "8.8.8.8", true},
        {"fc00::/7", "fdff::1", true},           {"fc00::/7", "fe00::1", false},
        {"2001:db8::1", "2001:db8::1", true},    {"2001:db8::1/128", "2001:db8::2", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sio_ip_net net;
        struct sio_ip ip;
        snprintf(test_state.context, sizeof test_state.context, "%s in %s", cases[i].ip,
                 cases[i].net);
        REQUIRE(sio_ip_net_parse(sio_slice_str(cases[i].net), &net) == 0);
        REQUIRE(sio_ip_parse(sio_slice_str(cases[i].ip), &ip) == 0);
        CHECK(sio_ip_net_has(&net, &ip) == cases[i].in);
    }
    test_state.context[0] = '\0';
}
