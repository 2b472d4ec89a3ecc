#include "egress/body_walker.h"

#include <algorithm>

namespace pbaas::egress {
namespace {

constexpr int kDigitsMax = 15;  // of a chunk's size, leading zeros too: 60 bits
constexpr int kExtensionBytesMax = 4096;
constexpr int kTrailerBytesMax = 64 * 1024;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

BodyWalker::BodyWalker(Framing framing) : framing_(framing) {
  switch (framing.kind) {
    case Framing::Kind::kNone:
      state_ = State::kDone;
      break;
    case Framing::Kind::kLength:
      left_ = framing.length;
      state_ = left_ > 0 ? State::kBytes : State::kDone;
      break;
    case Framing::Kind::kChunked:
      state_ = State::kSize;
      break;
    case Framing::Kind::kUntilClose:
      state_ = State::kBytes;
      break;
  }
}

std::size_t BodyWalker::walk(std::span<const std::byte> bytes) {
  if (ends_with_connection()) return bytes.size();
  std::size_t at = 0;
  while (at < bytes.size() && !done() && !broken()) {
    if (state_ != State::kBytes) {
      step(static_cast<char>(bytes[at]));
      if (!broken()) ++at;
      continue;
    }
    const auto taken = std::min<std::uint64_t>(left_, bytes.size() - at);
    at += taken;
    left_ -= taken;
    if (left_ > 0) break;
    state_ = framing_.kind == Framing::Kind::kChunked ? State::kDataCr : State::kDone;
  }
  return at;
}

void BodyWalker::step(char c) {
  switch (state_) {
    case State::kSize:
      return step_size(c);
    case State::kExtension:
      if (c == '\n' || ++line_bytes_ > kExtensionBytesMax) state_ = State::kBroken;
      if (c == '\r') state_ = State::kSizeEnd;
      return;
    case State::kSizeEnd:
      if (c == '\n') return end_size();
      state_ = State::kBroken;
      return;
    case State::kDataCr:
      state_ = c == '\r' ? State::kDataLf : State::kBroken;
      return;
    case State::kDataLf:
      state_ = c == '\n' ? State::kSize : State::kBroken;
      return;
    case State::kTrailerStart:
    case State::kTrailer:
      if (c == '\n' || ++trailer_bytes_ > kTrailerBytesMax)
        state_ = State::kBroken;
      else if (c == '\r')
        state_ = state_ == State::kTrailerStart ? State::kLastLf : State::kTrailerLf;
      else
        state_ = State::kTrailer;
      return;
    case State::kTrailerLf:
      state_ = c == '\n' ? State::kTrailerStart : State::kBroken;
      return;
    case State::kLastLf:
      state_ = c == '\n' ? State::kDone : State::kBroken;
      return;
    case State::kBytes:
    case State::kDone:
    case State::kBroken:
      return;
  }
}

void BodyWalker::step_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    if (++digits_ > kDigitsMax) state_ = State::kBroken;
    return;
  }
  const bool may_follow = c == '\r' || c == ';' || c == ' ' || c == '\t';
  if (digits_ == 0 || !may_follow)
    state_ = State::kBroken;
  else
    state_ = c == '\r' ? State::kSizeEnd : State::kExtension;
}

void BodyWalker::end_size() {
  state_ = left_ > 0 ? State::kBytes : State::kTrailerStart;
  digits_ = 0;
  line_bytes_ = 0;
}

}  // namespace pbaas::egress
