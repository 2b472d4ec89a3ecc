// Makes a new network namespace look like a network: with loopback alone `navigator.onLine` is
// false, and sites believe it.
#pragma once

namespace pbaas::browser {

// A pair of virtual Ethernet devices inside, both up, an address and a default route on one. No
// packet leaves by it, as its other end is here too. Needs CAP_NET_ADMIN. Gives 0, or an errno.
int make_network();

}  // namespace pbaas::browser
