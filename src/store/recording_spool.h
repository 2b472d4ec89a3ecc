// The RecordingSpool is the folder where recordings are written and wait for their upload: a folder
// for each session, in it each recording's file and a manifest of its state. What a manifest says
// is on disk before anything depends on it, so that a process killed at any point is followed by
// one that knows. Owned by UploadQueue; blocks, on that one's thread alone.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/recording.h"

namespace pbaas::store {

class RecordingSpool {
 public:
  explicit RecordingSpool(std::string folder) : folder_(std::move(folder)) {}

  // Makes the folder where it is missing and reads every manifest; finishes what the last process
  // was about to do. Errors: kStoreUnavailable, naming the folder.
  Result<std::vector<Recording>> open();
  // Where the recording's file is to be.
  std::string path(const Recording& recording) const;
  // Makes the session's folder and writes the manifest, in place of the former.
  Status write(const Recording& recording);
  // Has the file on disk and gives its size and SHA-256 into the recording.
  Status seal(Recording& recording) const;
  // The file goes, its manifest stays.
  Status remove_file(const Recording& recording) const;
  // Everything of it goes, and the session's folder with its last recording.
  Status forget(const Recording& recording) const;
  // What the session's files take now.
  std::uint64_t bytes_of(const SessionId& session) const;
  // What is left on the disk.
  std::uint64_t bytes_free() const;

 private:
  std::string session_folder(const SessionId& session) const;
  std::string manifest_path(const Recording& recording) const;
  void read_session(const std::string& session_folder, std::vector<Recording>& found) const;

  const std::string folder_;
};

}  // namespace pbaas::store
