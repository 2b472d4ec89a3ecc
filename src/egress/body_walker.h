// Finds where a message's body ends while its bytes pass: by a length, by chunks, or only with the
// connection. It changes nothing and keeps nothing. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pbaas::egress {

// How the body is framed (RFC 9112 section 6).
struct Framing {
  enum class Kind { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;  // of kLength
  bool operator==(const Framing&) const = default;
};

class BodyWalker {
 public:
  BodyWalker() = default;
  explicit BodyWalker(Framing framing);

  // How many of the bytes are the body's; fewer than given only where it ends or breaks there.
  std::size_t walk(std::span<const std::byte> bytes);
  bool done() const { return state_ == State::kDone; }
  // The chunks cannot be read, and where the body ends is not known.
  bool broken() const { return state_ == State::kBroken; }
  bool ends_with_connection() const { return framing_.kind == Framing::Kind::kUntilClose; }

 private:
  enum class State {
    kBytes,      // of a length or a chunk, `left_` of them
    kSize,       // the hexadecimal digits of a chunk's size
    kExtension,  // what may follow them
    kSizeEnd,    // LF after CR
    kDataCr,
    kDataLf,
    kTrailerStart,  // at the start of a line
    kTrailer,
    kTrailerLf,
    kLastLf,
    kDone,
    kBroken,
  };

  void step(char c);
  void step_size(char c);
  void end_size();

  Framing framing_;
  State state_ = State::kDone;
  std::uint64_t left_ = 0;
  int digits_ = 0;
  int line_bytes_ = 0;     // of an extension
  int trailer_bytes_ = 0;  // of all trailers
};

}  // namespace pbaas::egress
