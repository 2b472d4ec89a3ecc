// How a browser's namespaces are made: the command of bwrap (bubblewrap), which makes them without
// root, starts the init in them and leaves when it ends. See docs/sandbox.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace pbaas::browser {

struct SandboxSpec {
  std::string bwrap;              // its path
  std::string folder;             // the browser's home; inside it is a file system of its own
  std::string files;              // the folder with the stand-ins of write_stand_ins
  std::int64_t disk_mb = 512;     // what home may hold
  std::int64_t shared_mb = 1024;  // what /dev/shm may hold
};

// bwrap's command, which starts the init for a browser whose path is `program`. It looks at the
// machine: which folders of the system are links, and where the program is.
std::vector<std::string> sandbox_command(const SandboxSpec& spec, const std::string& program);

// Writes the few files of /etc whose real ones tell of this machine, for all browsers of an
// instance. Errors: kLaunchFailed.
Status write_stand_ins(const std::string& folder);

// The path of bwrap in the usual places; empty: not installed.
std::string find_bwrap();

}  // namespace pbaas::browser
