// Folders of browsers. An instance of the program has one folder below the run directory, named
// pbaas-XXXXXXXX, with a lock file held as long as its launcher process lives; each browser has one
// folder in it. Blocking; the program uses it before its loop runs, the launcher process always.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace pbaas::browser {

struct InstanceFolder {
  std::string path;
  UniqueFd lock;
};

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// Who browsers run as: `user`, else nobody; no one else where the program is not root. Errors:
// kLaunchFailed where there is neither.
Result<std::optional<Account>> browser_account(const std::string& user);

// Exactly what make_instance_folder calls its folders: others' may begin like them.
bool is_instance_name(std::string_view name);

// Makes an instance's folder, its lock taken. Errors: kLaunchFailed with what to do.
Result<InstanceFolder> make_instance_folder(const std::string& run_dir);

// Removes the folders of instances that nobody holds the lock of: their machine or both their
// processes died; those never finished too. Gives how many.
int remove_stale_instances(const std::string& run_dir);

// Makes a browser's folder with `tmp` in it, owned by `owner` where given. Gives errno.
int make_browser_folder(const std::string& path, const std::optional<Account>& owner);

}  // namespace pbaas::browser
