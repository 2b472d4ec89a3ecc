// The body of `POST /session`: whatever is accepted reads back as it is shown, and a refusal says
// in a short sentence, which is valid UTF-8, what is wrong.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "session/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace pbaas::session;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_accepted(const SessionOptions& options) {
  const auto text = boost::json::serialize(to_json(options));
  const auto again = options_from_json(boost::json::parse(text).as_object());
  // A proxy's user and password are masked in what is shown.
  require(again.has_value() && to_json(*again) == to_json(options));
  const auto whole = options_from_json(to_json(options, Secrets::kShown));
  require(whole.has_value() && *whole == options);
}

void check_refused(const pbaas::Error& error) {
  require(!error.detail.empty() && error.detail.size() < 2000 && error.field.size() < 100);
  boost::system::error_code invalid;
  boost::json::parse(boost::json::serialize(boost::json::value(error.detail)), invalid);
  require(!invalid);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  OptionLimits limits;
  limits.chains_proxies = true;
  const auto options =
      parse_options(std::string_view(reinterpret_cast<const char*>(data), size), limits);
  if (options)
    check_accepted(*options);
  else
    check_refused(options.error());
  return 0;
}
