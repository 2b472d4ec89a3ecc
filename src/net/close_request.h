// Whether a client asks its browser to close. A hint, for telling an end that was asked for from a
// crash: Chromium may fail a check of its own on its way out, after Browser.close, and then its
// exit looks like any other crash. Pure.
#pragma once

#include <cstddef>
#include <span>

namespace pbaas::net {

// `bytes` begin at a frame boundary. True where a whole masked text frame of at most 125 bytes
// names Browser.close, which is how clients send it, alone or behind other such frames; larger and
// split messages are not looked into.
bool asks_to_close(std::span<const std::byte> bytes);

}  // namespace pbaas::net
