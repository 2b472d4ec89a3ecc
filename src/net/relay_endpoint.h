// What a relay leads to. It decides what a lost far side means to the client.
#pragma once

#include <cstdint>

namespace pbaas::net {

enum class RelayEndpoint : std::uint8_t {
  kBrowser,
  kPage,    // one page's endpoint: it goes when the page does
  kWorker,  // another relay of ours, which always says goodbye: without one its worker is lost
};

}  // namespace pbaas::net
