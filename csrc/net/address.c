// SPDX-License-Identifier: MIT
/* Addresses of sockets as text; see the header. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* An IPv4 peer of a dual-stack socket is shown as what it is. */
static const char *address_text(const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *six = (const void *)a;
    const struct sockaddr_in *four = (const void *)a;
    if (a->ss_family == AF_INET)
        return inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
    if (a->ss_family != AF_INET6)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
}

void sio_address_of_peer(int fd, struct sio_buf *out)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char text[INET6_ADDRSTRLEN];
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&a, &len) != 0)
        return;
    if (address_text(&a, text) != NULL)
        sio_buf_append_slice(out, sio_slice_str(text));
}
