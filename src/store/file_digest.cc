#include "store/file_digest.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace pbaas::store {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::uint64_t kWholeFile = std::uint64_t{1} << 62;

class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : kind_(kind), state_(EVP_MD_CTX_new()) { begin(); }

  void add(std::string_view bytes) { EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()); }
  // Gives the digest's bytes and begins anew.
  std::string take() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(state_.get(), digest.data(), &size);
    begin();
    return {reinterpret_cast<const char*>(digest.data()), size};
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* state) const { EVP_MD_CTX_free(state); }
  };
  void begin() { EVP_DigestInit_ex(state_.get(), kind_, nullptr); }

  const EVP_MD* kind_;
  std::unique_ptr<EVP_MD_CTX, Free> state_;
};

Error unreadable() {
  // A disk that does not answer now may do so later.
  return Error{Fault::kStoreUnavailable,
               std::string("a recording cannot be read: ") + strerror(errno)};
}

// Adds what is there to each digest; gives how much that is, less than asked at the file's end.
Result<std::uint64_t> add_bytes(int fd, std::uint64_t offset, std::uint64_t bytes_max,
                                std::initializer_list<Digest*> digests) {
  std::string buffer(kReadBytes, '\0');
  std::uint64_t bytes = 0;
  while (bytes < bytes_max) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), bytes_max - bytes);
    const auto got = pread(fd, buffer.data(), wanted, static_cast<off_t>(offset + bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (got == 0) break;
    const std::string_view read(buffer.data(), static_cast<std::size_t>(got));
    for (auto* each : digests) each->add(read);
    bytes += read.size();
  }
  return bytes;
}

Result<FilePart> digest_part(int fd, FilePart part, std::uint64_t bytes_max, Digest& whole) {
  Digest sha256(EVP_sha256());
  Digest md5(EVP_md5());
  const auto added = add_bytes(fd, part.offset, bytes_max, {&whole, &sha256, &md5});
  if (!added) return added.error();
  part.bytes = *added;
  part.sha256 = to_hex(sha256.take());
  part.md5 = md5.take();
  return part;
}

}  // namespace

Error cannot_open() {
  const bool for_good = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  return Error{for_good ? Fault::kInternal : Fault::kStoreUnavailable,
               std::string("a recording cannot be opened: ") + strerror(errno)};
}

Result<FileDigests> digest_file(int fd, std::uint64_t part_bytes) {
  FileDigests digests;
  Digest whole(EVP_sha256());
  for (;;) {
    const auto part = digest_part(fd, {.offset = digests.bytes}, part_bytes, whole);
    if (!part) return part.error();
    if (part->bytes == 0 && !digests.parts.empty()) break;
    digests.bytes += part->bytes;
    digests.parts.push_back(*part);
    if (part->bytes < part_bytes) break;
  }
  digests.sha256 = to_hex(whole.take());
  return digests;
}

Result<WholeFile> digest_whole_file(int fd) {
  Digest sha256(EVP_sha256());
  const auto bytes = add_bytes(fd, 0, kWholeFile, {&sha256});
  if (!bytes) return bytes.error();
  return WholeFile{*bytes, to_hex(sha256.take())};
}

std::string md5_of(std::string_view bytes) {
  Digest md5(EVP_md5());
  md5.add(bytes);
  return md5.take();
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace pbaas::store
