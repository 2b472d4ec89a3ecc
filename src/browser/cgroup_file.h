// Files of cgroups: short texts that the kernel writes and reads. Blocking, but never for long.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pbaas::browser {

// The text, without the line's end where there is one line; empty: there is no such file.
std::string read_cgroup_file(const std::string& path);

// False where the kernel does not take it.
bool write_cgroup_file(const std::string& path, std::string_view text);

// The number behind `key` in a text of lines "key number"; with an empty key the number that the
// text is. 0: it is not there.
std::int64_t number_in(std::string_view text, std::string_view key);

}  // namespace pbaas::browser
