// JPEG frames as a Matroska stream: what an encoder is fed, with the true time of each frame. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pbaas::recording {

// Before the first frame. Each JPEG has a size of its own.
std::string jpeg_stream_start();
// One frame at its time after the start, in ms.
std::string jpeg_stream_frame(std::uint64_t at_ms, std::string_view jpeg);

}  // namespace pbaas::recording
