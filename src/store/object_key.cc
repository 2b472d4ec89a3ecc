#include "store/object_key.h"

#include <algorithm>

namespace pbaas::store {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kSessionBytes = 32;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string object_key(const SessionId& session, std::string_view name) {
  return session.text() + "/" + std::string(name);
}

bool is_recording_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

bool is_object_key(std::string_view key) {
  return key.size() > kSessionBytes && key[kSessionBytes] == '/' &&
         SessionId::parse(key.substr(0, kSessionBytes)) &&
         is_recording_name(key.substr(kSessionBytes + 1));
}

Status check_object_key(std::string_view key) {
  if (is_object_key(key)) return {};
  return Error{Fault::kInternal, "\"" + std::string(key.substr(0, 128)) + "\" is no object's key"};
}

}  // namespace pbaas::store
