// What a file holds, as digests: SHA-256 of the whole, SHA-256 and MD5 of each part that an upload
// sends. One pass, for files larger than memory. Blocks: for a store's thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace pbaas::store {

struct FilePart {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  // hexadecimal
  std::string md5;     // 16 bytes, as they are
};

struct FileDigests {
  std::uint64_t bytes = 0;
  std::string sha256;           // hexadecimal
  std::vector<FilePart> parts;  // at least one, which is empty where the file is
};

struct WholeFile {
  std::uint64_t bytes = 0;
  std::string sha256;  // hexadecimal
};

// Both read the file from its beginning, wherever `fd` stands. Errors: kStoreUnavailable.
Result<FileDigests> digest_file(int fd, std::uint64_t part_bytes);
// Of the whole alone, in a third of the time.
Result<WholeFile> digest_whole_file(int fd);

// Why a recording's file cannot be opened, by errno: for good where it is not there, for now where
// it may be tomorrow.
Error cannot_open();

// The MD5 of bytes, as 16 bytes: S3's checksum, not a protection.
std::string md5_of(std::string_view bytes);
std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);

}  // namespace pbaas::store
