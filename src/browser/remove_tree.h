// Removal of a folder whose content was written by Chromium, which is to say by a tenant: of any
// depth and size, without permission bits, full of symbolic links. Blocking; what it has done so
// far is in the file system alone, so that it may stop at any time and begin anew.
#pragma once

#include <chrono>
#include <string>

namespace pbaas::browser {

enum class Removal {
  kGone,        // nothing of it is left
  kUnfinished,  // its time was over
  kStuck,       // something in it does not let itself be removed
};

// Works for about `limit`: one more removal of a file is begun only before it is over.
Removal remove_some(const std::string& path, std::chrono::milliseconds limit);

// Gives whether it is gone. It takes a minute at most; what is left then is for the next start.
bool remove_tree(const std::string& path);

}  // namespace pbaas::browser
