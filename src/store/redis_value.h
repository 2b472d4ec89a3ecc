// What is said to Redis and what it answers, plainly: a command is its words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pbaas::store {

using RedisWords = std::vector<std::string>;

struct RedisValue {
  enum class Kind { kNothing, kInteger, kText, kList, kError };
  Kind kind = Kind::kNothing;
  long long integer = 0;
  std::string text{};  // of a text or an error
  std::vector<RedisValue> items{};

  bool is_error(std::string_view code) const {
    return kind == Kind::kError && text.starts_with(code);
  }
};

// A script that runs in Redis, atomically. Redis keeps it under its SHA-1 until it is flushed.
struct RedisScript {
  std::string_view name;
  std::string_view sha1;  // in hexadecimal
  std::string_view source;
};

}  // namespace pbaas::store
