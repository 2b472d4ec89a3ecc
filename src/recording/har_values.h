// The small values of a HAR: times, headers, cookies, parameters. Pure; any thread.
// http://www.softwareishard.com/blog/har-12-spec/
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "recording/redaction.h"

namespace pbaas::recording {

using Header = std::pair<std::string, std::string>;
using Headers = std::vector<Header>;

// RFC 3339 in UTC with microseconds: entries are ordered by it.
std::string har_time(double unix_seconds);
// On the machine's monotonic clock, which Chromium's times are of, too.
double monotonic_seconds(Instant at);

// CDP's object of headers, in which values of one name are joined by line ends.
Headers headers_from(const boost::json::object& object);
// The first value of that name, in any letter case; empty: none.
std::string header_value(const Headers& headers, std::string_view name);
// What the headers take on the wire of HTTP/1.1, with the line end after the last.
std::size_t header_bytes(const Headers& headers);

boost::json::array headers_json(const Headers& headers, const Redactor& redactor);
boost::json::array request_cookies_json(const Headers& headers, const Redactor& redactor);
boost::json::array response_cookies_json(const Headers& headers, const Redactor& redactor);
// The parameters of the URL's query.
boost::json::array query_json(std::string_view url, const Redactor& redactor);
// The fields of a form, of a body that is already redacted.
boost::json::array form_json(std::string_view text);

// At most so many bytes of UTF-8, cut between characters.
std::string_view valid_prefix(std::string_view text, std::size_t bytes_max);

// About what it takes in memory, in bytes.
std::size_t weight_of(const boost::json::object& object);

// Reading CDP, whose fields are mostly optional.
std::string text_of(const boost::json::object& object, std::string_view name);
double number_of(const boost::json::object& object, std::string_view name, double otherwise);
bool flag_of(const boost::json::object& object, std::string_view name);
// Never null: an empty object where there is none.
const boost::json::object& object_of(const boost::json::object& object, std::string_view name);

}  // namespace pbaas::recording
