// How Chromium is started: its flags and environment, from what a session asks for. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "browser/launcher.h"
#include "session/options.h"

namespace pbaas::browser {

struct CommandLine {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
};

struct CommandLineSpec {
  std::string binary;
  std::string folder;  // the browser's own; home, profile and temporary files are in it
  Isolation isolation = Isolation::kSandbox;
  bool small_shared_memory = false;  // /dev/shm is too small for pages' images
  int debug_port = 0;                // 0: the kernel chooses
};

CommandLine command_line(const session::SessionOptions& options, const CommandLineSpec& spec);

}  // namespace pbaas::browser
