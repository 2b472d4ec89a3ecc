#include "store/object_store_folder.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
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

// The same file again, as a process brings it that was killed before it could note that it had.
TEST_F(FolderObjectStoreTest, LeavesNothingBesideAnObjectThatIsTheSameFile) {
  ASSERT_TRUE(put("x"));
  const PutRequest again{key_, folder_.file("file"), "a/b"};
  ASSERT_TRUE(run_task(loop_, store_->put(again, soon())));
  const std::filesystem::directory_iterator files(root_ + "/" + session_.text());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// A disk of that size, which goes with the test.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size)
      : is_there_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size) == 0) {}
  ~SmallDisk() {
    if (is_there_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_there() const { return is_there_; }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::uintmax_t free() const { return std::filesystem::space(folder_.path()).available; }

 private:
  support::TempFolder folder_;
  const bool is_there_;
};

class SmallDiskTest : public FolderObjectStoreTest {
 protected:
  void SetUp() override {
    if (!disk_.is_there()) GTEST_SKIP() << "a small disk can be made by root alone";
  }
  Result<ObjectInfo> put_file(const std::string& path, std::size_t bytes) {
    std::ofstream(path, std::ios::binary) << std::string(bytes, 'x');
    store_ = FolderObjectStore::open(loop_, disk_.file("objects")).value();
    const PutRequest request{key_, path, "a/b", sha256_hex(std::string(bytes, 'x'))};
    return run_task(loop_, store_->put(request, soon()));
  }

  SmallDisk disk_{"size=1m"};
};

TEST_F(SmallDiskTest, TakesAFileThatHasNoRoomTwice) {
  const auto put = put_file(disk_.file("file"), 700'000);
  ASSERT_TRUE(put) << put.error().detail;
  std::filesystem::remove(disk_.file("file"));
  EXPECT_EQ(run_task(loop_, store_->head(key_, soon())).value()->bytes, 700'000U);
}

TEST_F(SmallDiskTest, CopiesFromAnotherDisk) {
  const auto put = put_file(folder_.file("file"), 100'000);
  ASSERT_TRUE(put) << put.error().detail;
  EXPECT_EQ(run_task(loop_, store_->head(key_, soon())).value()->bytes, 100'000U);
}

TEST_F(SmallDiskTest, DoesNotFillADiskThatHasNoRoomForACopy) {
  std::ofstream(disk_.file("filling")) << std::string(600'000, 'x');
  const auto free = disk_.free();
  const auto put = put_file(folder_.file("file"), 700'000);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().fault, Fault::kStoreUnavailable);
  EXPECT_NE(put.error().detail.find("has no room"), std::string::npos) << put.error().detail;
  EXPECT_EQ(disk_.free(), free);
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
