// The system calls a folder of objects is made of: opening beneath it, copying with a digest, and
// notes on a file that go with it in one rename. Blocks: for a store's own threads.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "store/object_store.h"

namespace pbaas::store {

// Opens `path` beneath `root`, through no link of any kind and out of it by none; not valid on
// failure, with errno set.
UniqueFd open_beneath(int root, const std::string& path, int flags);
// Makes the folder beneath `parent` unless it is there, and has its name on disk. Errors: errno.
bool make_folder(int parent, const std::string& name);
// Copies the whole of `from` to `to`; gives its size and SHA-256. Nothing is written where the disk
// has no room for it. Errors: kStoreUnavailable, with the reason.
Result<ObjectInfo> copy_file(int from, int to);
// Whether linkat failed, by errno, where a copy is the only way.
bool wants_copy();

// Notes beside a file's content, as extended attributes: so they appear with it, in one rename. On
// a file system that has none the digest is made again when it is asked for.
void note_info(int fd, const ObjectInfo& info);
Result<ObjectInfo> info_of(int fd);

}  // namespace pbaas::store
