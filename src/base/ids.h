// Identifiers as types of their own, so that a session's cannot be passed where a worker's is
// meant.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pbaas {

// 128 bits from the kernel's generator as 32 lower-case hexadecimal digits: nobody guesses one.
std::string random_hex_128();

template <typename Tag>
class Id {
 public:
  static Id random() { return Id(random_hex_128()); }
  // Takes the 32 lower-case hexadecimal digits of `random`; anything else is no id.
  static std::optional<Id> parse(std::string_view text) {
    if (text.size() != 32) return std::nullopt;
    for (const char c : text) {
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    }
    return Id(std::string(text));
  }

  const std::string& text() const { return text_; }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using SessionId = Id<struct SessionTag>;
using WorkerId = Id<struct WorkerTag>;

}  // namespace pbaas

template <typename Tag>
struct std::hash<pbaas::Id<Tag>> {
  std::size_t operator()(const pbaas::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
