// Pictures for the tests of videos, and what ffmpeg says of the files made of them. For tests
// alone.
#pragma once

#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace pbaas::recording::testing {

inline const std::string kFfmpeg = "/usr/bin/ffmpeg";

#define SKIP_WITHOUT_FFMPEG()                               \
  if (::access("/usr/bin/ffmpeg", X_OK) != 0) {             \
    GTEST_SKIP() << "ffmpeg is not installed on this host"; \
  }

inline std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                   &::pclose);
  if (!pipe) throw std::runtime_error("popen failed");
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto got = ::fread(buffer, 1, sizeof buffer, pipe.get());
    if (got == 0) return text;
    text.append(buffer, got);
  }
}

// One picture of that colour.
inline std::string jpeg(const std::string& colour, int width = 320, int height = 240) {
  return output_of(kFfmpeg + " -v error -f lavfi -i color=" + colour +
                   ":s=" + std::to_string(width) + "x" + std::to_string(height) +
                   " -frames:v 1 -f mjpeg pipe:1");
}

inline std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (int shift = 18; shift >= 0; shift -= 6) text += kDigits[group >> shift & 63];
  }
  for (std::size_t i = 0; i < (3 - bytes.size() % 3) % 3; ++i) text[text.size() - 1 - i] = '=';
  return text;
}

// What a full decode complains of; empty: nothing.
inline std::string complaints(const std::string& path) {
  return output_of(kFfmpeg + " -v error -i " + path + " -f null -");
}

inline std::string probed(const std::string& path, const std::string& entries) {
  return output_of("ffprobe -v error -show_entries " + entries + " -of csv=p=0 " + path);
}

}  // namespace pbaas::recording::testing
