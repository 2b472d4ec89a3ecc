#include "session/field_error.h"

#include <boost/json/serialize.hpp>

namespace pbaas::session {
namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string shortened(std::string_view text) {
  if (text.size() <= kShownBytesMax) return std::string(text);
  std::size_t end = kShownBytesMax;
  while (end > 0 && continues_character(text[end])) --end;
  return std::string(text.substr(0, end)) + "...";
}

Error invalid_field(std::string_view path, const boost::json::value& value,
                    std::string_view takes) {
  const std::string name = shortened(path);
  std::string detail = name + " is " + shortened(boost::json::serialize(value));
  detail.append("; it takes ").append(takes);
  return Error{Fault::kInvalidField, std::move(detail), name};
}

Error unknown_field(std::string_view object, std::string_view name, std::string_view takes) {
  std::string path(object);
  if (!path.empty()) path += '.';
  path = shortened(path.append(name));
  std::string detail = path + " is not a field; ";
  detail.append(object.empty() ? "the body" : object).append(" takes ").append(takes);
  return Error{Fault::kUnknownField, std::move(detail), path};
}

}  // namespace pbaas::session
