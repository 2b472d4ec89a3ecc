// Makes a HAR's entry of an exchange. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include "recording/har_exchange.h"

namespace pbaas::recording {

// `wall_offset` is what makes Unix seconds of CDP's monotonic ones.
boost::json::object entry_json(const Exchange& exchange, double wall_offset,
                               const Redactor& redactor);

// The protocol's name as HAR has it, such as "HTTP/1.1" for "http/1.1".
std::string http_version(std::string_view protocol);

}  // namespace pbaas::recording
