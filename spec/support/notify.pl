# SPDX-License-Identifier: MIT
# A service manager's socket: prints what it is told, a line per datagram, its lines joined by "|".
#     perl notify.pl /path        or @name, in the abstract namespace
# The first line is its own process id.
use strict;
use warnings;
use Socket;

$| = 1;
my $address = shift;
(my $name = $address) =~ s/^@/\0/;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, pack_sockaddr_un($name)) or die "bind: $!";
print "$$\n";
while (defined recv($socket, my $text, 4096, 0)) {
  $text =~ s/\n/|/g;
  print "$text\n";
}
