// The words of a command or an environment as execve wants them.
#pragma once

#include <string>
#include <vector>

namespace pbaas {

// They point into `words`.
inline std::vector<char*> exec_words(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace pbaas
