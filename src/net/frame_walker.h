// A FrameWalker follows the WebSocket frames (RFC 6455 §5.2) of one direction of a relay as their
// bytes pass, and never keeps a payload. It belongs to one relay and lives on that relay's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/relay_group.h"

namespace pbaas::net {

enum class FrameFault : std::uint8_t {
  kNone,
  kUnmasked,        // A client masks every frame, §5.1.
  kMasked,          // A server masks none, §5.1.
  kReservedBits,    // No extension is offered, so RSV1 to RSV3 mean nothing, §5.2.
  kReservedOpcode,  // §5.2
  kBadControl,      // Fragmented, or more than 125 bytes, §5.5.
  kBadSequence,     // A continuation of nothing, or a new message inside another, §5.4.
  kBadLength,       // A 64-bit length with its top bit set, §5.2.
  kBinary,          // CDP is text; Chromium drops the connection at a binary frame.
  kTooBig,          // A message above the limit, all its fragments together.
};

// What the client is told about a fault.
CloseFrame close_for(FrameFault fault);

class FrameWalker {
 public:
  enum class From : std::uint8_t { kClient, kBrowser };
  enum class Stop : std::uint8_t { kNowhere, kAtBoundary };

  static constexpr std::size_t kHeaderBytesMax = 14;

  struct Step {
    std::size_t forward = 0;     // how many of the bytes may go on to the other side
    std::uint32_t messages = 0;  // data messages whose last byte is among them
    bool data = false;           // payload of a data frame is among them
    FrameFault fault = FrameFault::kNone;
  };

  // From the browser only masked frames and impossible lengths are faults: what else it sends is
  // between it and the client.
  FrameWalker(From from, std::uint64_t message_bytes_max)
      : message_bytes_max_(message_bytes_max), from_(from) {}

  // Follows the bytes, which begin with what held() gives. An incomplete header at their end is
  // held back, so that a frame is judged before any of it goes on, and so that what went on always
  // ends at a frame boundary or within a payload. Nothing after a Close or a fault goes on.
  Step walk(std::span<const std::byte> bytes, Stop stop = Stop::kNowhere);

  // The part of a header that the last walk held back.
  std::span<const std::byte> held() const { return {held_.data(), held_size_}; }
  // What went on so far ends where a control frame may be put.
  bool at_boundary() const { return payload_left_ == 0; }
  bool inside_message() const { return inside_message_; }
  // A whole Close frame has gone on.
  bool closed() const { return closed_; }
  bool faulted() const { return faulted_; }

 private:
  struct Header;

  FrameFault judge(const Header& header) const;
  FrameFault judge_client(const Header& header) const;
  void enter(const Header& header);
  void leave_frame(Step& step);
  void hold(std::span<const std::byte> bytes);

  std::uint64_t payload_left_ = 0;
  std::uint64_t message_bytes_ = 0;  // of the message that is passing, announced so far
  std::uint64_t message_bytes_max_;
  std::array<std::byte, kHeaderBytesMax> held_{};
  std::uint8_t held_size_ = 0;
  std::uint8_t opcode_ = 0;
  From from_;
  bool final_ = false;
  bool inside_message_ = false;
  bool closed_ = false;
  bool faulted_ = false;
};

}  // namespace pbaas::net
