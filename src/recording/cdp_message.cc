#include "recording/cdp_message.h"

#include <boost/json/parse.hpp>
#include <cstdlib>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

// A page decides how deep a value is that Chromium describes.
constexpr std::size_t kDepthMax = 256;

// What stands after `"name":` in the head of a message, up to a comma or quote.
std::string field_in(std::string_view head, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const auto at = head.find(key);
  if (at == std::string_view::npos) return {};
  auto rest = head.substr(at + key.size());
  if (rest.starts_with('"')) rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find_first_of("\",}")));
}

std::optional<CdpMessage> read_cut(const browser::PipeMessage& message) {
  const std::string_view head =
      std::string_view(message.text).substr(0, browser::kPipeCutHeadBytes);
  CdpMessage read;
  read.session = browser::session_of(message.text);
  read.method = field_in(head, "method");
  if (!read.method.starts_with("Network.webSocketFrame")) return std::nullopt;
  json::object frame{{"opcode", std::atoi(field_in(head, "opcode").c_str())},
                     {"payloadData", ""},
                     {"cutBytes", message.bytes - message.text.size()}};
  read.content = {{"requestId", field_in(head, "requestId")},
                  {"timestamp", std::atof(field_in(head, "timestamp").c_str())},
                  {"response", std::move(frame)}};
  return read;
}

}  // namespace

std::optional<CdpMessage> read_message(const browser::PipeMessage& message) {
  if (message.is_cut()) return read_cut(message);
  json::parse_options options;
  options.max_depth = kDepthMax;
  boost::system::error_code error;
  auto value = json::parse(message.text, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  auto& object = value.as_object();
  CdpMessage read;
  read.session = text_of(object, "sessionId");
  read.method = text_of(object, "method");
  read.id = static_cast<std::int64_t>(number_of(object, "id", 0));
  read.is_error = object.contains("error");
  auto* content = object.if_contains(read.method.empty() ? "result" : "params");
  if (content && content->is_object()) read.content = std::move(content->as_object());
  return read;
}

bool may_be_answered(std::string_view text, bool asks_for_bodies) {
  if (!text.starts_with(R"({"method":"Network.)")) return true;
  return asks_for_bodies && text.starts_with(R"({"method":"Network.loadingFinished")");
}

}  // namespace pbaas::recording
