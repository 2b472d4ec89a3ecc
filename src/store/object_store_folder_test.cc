#include "store/object_store_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/object_store_contract.h"

namespace pbaas::store {
namespace {

using support::run_task;

class FolderRig {
 public:
  explicit FolderRig(net::Loop& loop)
      : store_(FolderObjectStore::open(loop, folder_.file("objects")).value()) {}
  ObjectStore& store() { return *store_; }

 private:
  support::TempFolder folder_;
  std::unique_ptr<FolderObjectStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Folder, ObjectStoreContract, FolderRig);

class FolderObjectStoreTest : public testing::Test {
 protected:
  Status put(const std::string& content) {
    std::ofstream(folder_.file("file"), std::ios::binary) << content;
    const auto put = run_task(loop_, store_->put({key_, folder_.file("file"), "a/b"}, soon()));
    return put ? Status() : Status(put.error());
  }
  Deadline soon() { return Deadline::after(clock_, std::chrono::seconds(10)); }

  net::Loop loop_;
  SystemClock clock_;
  support::TempFolder folder_;
  const SessionId session_ = SessionId::random();
  const std::string key_ = object_key(session_, "video.webm");
  const std::string root_ = folder_.file("objects");
  std::unique_ptr<FolderObjectStore> store_ = FolderObjectStore::open(loop_, root_).value();
};

TEST_F(FolderObjectStoreTest, IsForItsOwnerAlone) {
  ASSERT_TRUE(put("x"));
  for (const auto& path : {root_, root_ + "/" + session_.text(), root_ + "/" + key_}) {
    struct stat found{};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 077, 0U) << path;
  }
}

TEST_F(FolderObjectStoreTest, LeavesNothingBesideTheObject) {
  ASSERT_TRUE(put("x"));
  const std::filesystem::directory_iterator files(root_ + "/" + session_.text());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(FolderObjectStoreTest, RemovesTheSessionsFolderWithItsLastRecording) {
  ASSERT_TRUE(put("x"));
  ASSERT_TRUE(run_task(loop_, store_->remove(key_, soon())));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/" + session_.text()));
}

TEST_F(FolderObjectStoreTest, RemovesWhatAKilledProcessLeftOnItsWayIn) {
  ASSERT_TRUE(put("x"));
  const auto left = root_ + "/" + session_.text() + "/.incoming-1";
  std::ofstream(left) << "half";
  ASSERT_TRUE(run_task(loop_, store_->ready(soon())));
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/" + key_));
}

TEST_F(FolderObjectStoreTest, FollowsNoLinkOutOfTheFolder) {
  std::filesystem::create_directory(folder_.file("outside"));
  std::ofstream(folder_.file("outside/video.webm")) << "secret";
  std::filesystem::create_directory_symlink(folder_.file("outside"), root_ + "/" + session_.text());
  EXPECT_FALSE(run_task(loop_, store_->read(key_, 0, 100, soon())));
  EXPECT_FALSE(put("x"));
}

TEST_F(FolderObjectStoreTest, HasNoUrls) {
  EXPECT_FALSE(store_->presign(key_, {}).value());
}

TEST_F(FolderObjectStoreTest, NamesTheFolderThatItCannotMake) {
  std::ofstream(folder_.file("file")) << "x";
  const auto opened = FolderObjectStore::open(loop_, folder_.file("file/objects"));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("file/objects"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::store
