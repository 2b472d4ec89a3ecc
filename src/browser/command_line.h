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

// All of a command line as one text. Of two that were made with the same folder and port it says
// whether they start the same browser.
std::string signature_of(const CommandLine& line);

}  // namespace pbaas::browser
