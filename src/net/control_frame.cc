#include "net/control_frame.h"

namespace pbaas::net {
namespace {

constexpr std::size_t kReasonBytesMax = 123;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string encode_close(const CloseFrame& frame) {
  std::size_t reason_bytes = frame.reason.size();
  if (reason_bytes > kReasonBytesMax) {
    // A cut character would not be UTF-8, and a client answers that with an error of its own.
    reason_bytes = kReasonBytesMax;
    while (reason_bytes > 0 && continues_character(frame.reason[reason_bytes])) --reason_bytes;
  }
  std::string bytes = "\x88";
  bytes += static_cast<char>(2 + reason_bytes);
  bytes += static_cast<char>(frame.code >> 8);
  bytes += static_cast<char>(frame.code & 0xFF);
  bytes.append(frame.reason, 0, reason_bytes);
  return bytes;
}

std::string encode_client_close(std::uint16_t code) {
  std::string bytes = "\x88\x82";
  bytes.append(4, '\0');
  bytes += static_cast<char>(code >> 8);
  bytes += static_cast<char>(code & 0xFF);
  return bytes;
}

std::string encode_ping() {
  return std::string("\x89\0", 2);
}

}  // namespace pbaas::net
