#include "store/file_digest.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/digest.h"
#include "base/unique_fd.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

class FileDigestTest : public testing::Test {
 protected:
  FileDigests digest(const std::string& content, std::uint64_t part_bytes) {
    const auto path = folder_.file("content");
    std::ofstream(path, std::ios::binary) << content;
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return digest_file(fd.get(), part_bytes).value();
  }

  support::TempFolder folder_;
};

TEST_F(FileDigestTest, GivesTheDigestOfTheWholeHoweverItIsCut) {
  const std::string content(1'000'003, 'x');
  for (const std::uint64_t part : {1000U, 262'144U, 1'000'003U, 5'000'000U})
    EXPECT_EQ(digest(content, part).sha256, sha256_hex(content)) << part;
}

TEST_F(FileDigestTest, CutsPartsThatCoverTheFileOnce) {
  const auto parts = digest("abcdefgh", 3).parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[2].offset, 6U);
  EXPECT_EQ(parts[2].bytes, 2U);
  EXPECT_EQ(parts[1].sha256, sha256_hex("def"));
  EXPECT_EQ(parts[2].md5, md5_of("gh"));
}

TEST_F(FileDigestTest, MakesNoEmptyPartAfterAFullOne) {
  EXPECT_EQ(digest("abcdef", 3).parts.size(), 2U);
}

TEST_F(FileDigestTest, GivesOneEmptyPartOfAnEmptyFile) {
  const auto digests = digest("", 3);
  ASSERT_EQ(digests.parts.size(), 1U);
  EXPECT_EQ(digests.parts[0].bytes, 0U);
  EXPECT_EQ(digests.sha256, sha256_hex(""));
}

TEST_F(FileDigestTest, GivesTheDigestOfTheWholeAlone) {
  const std::string content(1'000'003, 'x');
  std::ofstream(folder_.file("content"), std::ios::binary) << content;
  const UniqueFd fd(open(folder_.file("content").c_str(), O_RDONLY | O_CLOEXEC));
  const auto whole = digest_whole_file(fd.get()).value();
  EXPECT_EQ(whole.bytes, content.size());
  EXPECT_EQ(whole.sha256, sha256_hex(content));
  EXPECT_FALSE(digest_whole_file(-1));
}

TEST(DigestFile, SaysWhyAFileCannotBeRead) {
  const auto digests = digest_file(-1, 10);
  ASSERT_FALSE(digests);
  EXPECT_NE(digests.error().detail.find("Bad file descriptor"), std::string::npos);
}

TEST(Md5, IsThatOfRfc1321) {
  EXPECT_EQ(to_hex(md5_of("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64(""), "");
}

}  // namespace
}  // namespace pbaas::store
