#include "net/frame_walker.h"

#include <algorithm>
#include <optional>

namespace pbaas::net {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kBinaryData = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPong = 0xA;
constexpr std::uint64_t kControlBytesMax = 125;

bool is_control(std::uint8_t opcode) {
  return (opcode & 0x8) != 0;
}

std::uint64_t big_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

}  // namespace

struct FrameWalker::Header {
  std::uint64_t payload_bytes;
  std::size_t size;  // of the header itself
  std::uint8_t opcode;
  bool final;
  bool reserved_bits;
  bool masked;

  // Nothing while the header is incomplete.
  static std::optional<Header> read(std::span<const std::byte> bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const auto first = std::to_integer<std::uint8_t>(bytes[0]);
    const auto second = std::to_integer<std::uint8_t>(bytes[1]);
    const std::uint8_t length = second & 0x7F;
    const std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    const bool masked = (second & 0x80) != 0;
    const std::size_t size = 2 + extended + (masked ? 4 : 0);
    if (bytes.size() < size) return std::nullopt;
    return Header{.payload_bytes = extended == 0 ? length : big_endian(bytes.subspan(2, extended)),
                  .size = size,
                  .opcode = static_cast<std::uint8_t>(first & 0x0F),
                  .final = (first & 0x80) != 0,
                  .reserved_bits = (first & 0x70) != 0,
                  .masked = masked};
  }
};

CloseFrame close_for(FrameFault fault) {
  switch (fault) {
    case FrameFault::kBinary:
      return {1003, "unsupported_data"};
    case FrameFault::kTooBig:
      return {1009, "message_too_big"};
    case FrameFault::kMasked:
      return {1011, "browser_protocol_error"};
    case FrameFault::kNone:
    case FrameFault::kUnmasked:
    case FrameFault::kReservedBits:
    case FrameFault::kReservedOpcode:
    case FrameFault::kBadControl:
    case FrameFault::kBadSequence:
    case FrameFault::kBadLength:
      break;
  }
  return {1002, "protocol_error"};
}

FrameWalker::Step FrameWalker::walk(std::span<const std::byte> bytes, Stop stop) {
  Step step;
  held_size_ = 0;
  while (step.forward < bytes.size() && !closed_ && !faulted_) {
    const auto rest = bytes.subspan(step.forward);
    if (payload_left_ == 0) {
      const auto header = Header::read(rest);
      if (!header) {
        hold(rest);
        break;
      }
      step.fault = judge(*header);
      faulted_ = step.fault != FrameFault::kNone;
      if (faulted_) break;
      enter(*header);
      step.forward += header->size;
    } else {
      const auto taken = std::min<std::uint64_t>(payload_left_, rest.size());
      payload_left_ -= taken;
      step.forward += taken;
      if (!is_control(opcode_)) step.data = true;
    }
    if (payload_left_ > 0) continue;
    leave_frame(step);
    if (stop == Stop::kAtBoundary) break;
  }
  return step;
}

FrameFault FrameWalker::judge(const Header& header) const {
  if (header.payload_bytes >> 63 != 0) return FrameFault::kBadLength;
  if (from_ == From::kClient) return judge_client(header);
  return header.masked ? FrameFault::kMasked : FrameFault::kNone;
}

FrameFault FrameWalker::judge_client(const Header& header) const {
  if (header.reserved_bits) return FrameFault::kReservedBits;
  if (!header.masked) return FrameFault::kUnmasked;
  if (is_control(header.opcode)) {
    if (header.opcode > kPong) return FrameFault::kReservedOpcode;
    const bool sound = header.final && header.payload_bytes <= kControlBytesMax;
    return sound ? FrameFault::kNone : FrameFault::kBadControl;
  }
  if (header.opcode > kBinaryData) return FrameFault::kReservedOpcode;
  if ((header.opcode == kContinuation) != inside_message_) return FrameFault::kBadSequence;
  if (header.opcode == kBinaryData) return FrameFault::kBinary;
  // message_bytes_ never exceeds the limit, so the difference cannot wrap.
  if (header.payload_bytes > message_bytes_max_ - message_bytes_) return FrameFault::kTooBig;
  return FrameFault::kNone;
}

void FrameWalker::enter(const Header& header) {
  opcode_ = header.opcode;
  final_ = header.final;
  payload_left_ = header.payload_bytes;
  // Only a client's messages have a limit; a browser's sum may wrap without harm.
  if (!is_control(opcode_)) message_bytes_ += header.payload_bytes;
}

void FrameWalker::leave_frame(Step& step) {
  if (opcode_ == kClose) closed_ = true;
  if (is_control(opcode_)) return;
  inside_message_ = !final_;
  if (!final_) return;
  message_bytes_ = 0;
  ++step.messages;
}

void FrameWalker::hold(std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, held_.begin());
  held_size_ = static_cast<std::uint8_t>(bytes.size());
}

}  // namespace pbaas::net
