#include "store/folder_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

class FolderFilesTest : public testing::Test {
 protected:
  UniqueFd make(const std::string& name, const std::string& content) {
    std::ofstream(folder_.file(name), std::ios::binary) << content;
    return UniqueFd(open(folder_.file(name).c_str(), O_RDWR | O_CLOEXEC));
  }

  support::TempFolder folder_;
  const UniqueFd root_{open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(FolderFilesTest, OpensNothingOutsideTheFolder) {
  std::filesystem::create_directory(folder_.file("inside"));
  const UniqueFd inside(open(folder_.file("inside").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  make("secret", "x");
  for (const char* path : {"../secret", "/etc/passwd", "x/../../secret"})
    EXPECT_FALSE(open_beneath(inside.get(), path, O_RDONLY).valid()) << path;
}

TEST_F(FolderFilesTest, FollowsNoLink) {
  make("file", "x");
  std::filesystem::create_symlink("file", folder_.file("link"));
  EXPECT_TRUE(open_beneath(root_.get(), "file", O_RDONLY).valid());
  EXPECT_FALSE(open_beneath(root_.get(), "link", O_RDONLY).valid());
}

TEST_F(FolderFilesTest, MakesAFolderThatIsThereAlready) {
  EXPECT_TRUE(make_folder(root_.get(), "a"));
  EXPECT_TRUE(make_folder(root_.get(), "a"));
  EXPECT_FALSE(make_folder(root_.get(), "no/such"));
}

TEST_F(FolderFilesTest, CopiesAWholeFileAndDigestsIt) {
  const std::string content(1'000'000, 'y');
  const auto from = make("from", content);
  const auto to = make("to", "");
  const auto info = copy_file(from.get(), to.get()).value();
  EXPECT_EQ(info.bytes, content.size());
  EXPECT_EQ(info.sha256, sha256_hex(content));
  EXPECT_EQ(std::filesystem::file_size(folder_.file("to")), content.size());
}

TEST_F(FolderFilesTest, SaysThatThereIsNoRoom) {
  const auto from = make("from", "x");
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  const auto copied = copy_file(from.get(), full.get());
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().fault, Fault::kStoreUnavailable);
  EXPECT_NE(copied.error().detail.find("No space left"), std::string::npos);
}

TEST_F(FolderFilesTest, DigestsAFileThatHasNoNote) {
  const auto file = make("file", "content");
  EXPECT_EQ(info_of(file.get()).value().sha256, sha256_hex("content"));
  EXPECT_EQ(info_of(file.get()).value().content_type, "application/octet-stream");
}

TEST_F(FolderFilesTest, GivesBackWhatItNoted) {
  const auto file = make("file", "content");
  if (fsetxattr(file.get(), "user.probe", "1", 1, 0) != 0)
    GTEST_SKIP() << "this file system has no extended attributes";
  note_info(file.get(), {7, std::string(64, 'a'), "video/webm"});
  EXPECT_EQ(info_of(file.get()).value().sha256, std::string(64, 'a'));
  EXPECT_EQ(info_of(file.get()).value().content_type, "video/webm");
}

}  // namespace
}  // namespace pbaas::store
