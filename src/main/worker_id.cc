#include "main/worker_id.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "base/ids.h"
#include "base/log.h"

namespace pbaas {
namespace {

// Where a file is, in words that a copy of it does not share: the machine's id, where it has one
// (https://www.freedesktop.org/software/systemd/man/machine-id.html), and the inode.
std::string place_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  std::string machine;
  std::ifstream("/etc/machine-id") >> machine;
  return (machine.empty() ? "-" : machine) + ":" + std::to_string(found.st_ino);
}

// Renamed into place whole, so that it keeps its inode.
bool write_id(const std::string& path, const std::string& id) {
  const auto made = path + ".new";
  std::ofstream file(made);
  // It is there by now, so that it has a place.
  file << id << '\n' << place_of(made) << '\n';
  file.close();
  return file && ::rename(made.c_str(), path.c_str()) == 0;
}

}  // namespace

Result<std::string> worker_id(const std::string& data_dir) {
  const auto path = data_dir + "/worker_id";
  std::string text;
  std::string place;
  std::ifstream(path) >> text >> place;
  const auto former = WorkerId::parse(text);
  if (former && place == place_of(path)) return former->text();
  const auto id = WorkerId::random().text();
  if (!write_id(path, id)) {
    return Error{Fault::kStoreUnavailable,
                 "DATA_DIR is \"" + data_dir + "\": it cannot be written to", "DATA_DIR"};
  }
  if (former) log::warn("data_dir_copied", {{"former_worker", former->text()}, {"worker", id}});
  return id;
}

}  // namespace pbaas
