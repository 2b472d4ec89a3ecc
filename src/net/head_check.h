// The strict reading of a request head, before any parser sees it. Every rule here is one that two
// HTTP programs in a row have been seen to disagree on, which is how requests are smuggled; the
// parser is lenient in some of them (it folds lines, for example). Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace pbaas::net {

struct HeadLimits {
  std::size_t head_bytes_max = 16 * 1024;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t fields_max = 100;
};

// The length of the head at the start of `bytes`, its empty line included; 0 while it is not whole.
// `seen` bytes were looked at before, so that a head that drips in is not read again and again.
std::size_t head_length(std::string_view bytes, std::size_t seen = 0);

// What is already wrong with a head that is not whole yet. Errors: kHeadTooLarge, kUriTooLong,
// kMalformedHttp (a line that ends without CR would otherwise be waited on until the deadline).
Status check_partial_head(std::string_view bytes, const HeadLimits& limits, std::size_t seen = 0);

// A host and perhaps a port, by its characters: as a Host field or in an absolute target.
bool is_host(std::string_view text);

// `head` is whole. Errors: as above, kMalformedHttp for all that RFC 9112 does not allow or that
// frames a body in two ways.
Status check_head(std::string_view head, const HeadLimits& limits);

}  // namespace pbaas::net
