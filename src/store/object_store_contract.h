// What every ObjectStore must do, as tests: an implementation makes a Rig and instantiates the
// suite.
//
//   struct Rig {
//     explicit Rig(net::Loop& loop);   // an empty store, which is ready
//     ObjectStore& store();
//   };
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/digest.h"
#include "store/object_key.h"
#include "store/object_store.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::store {

template <typename Rig>
class ObjectStoreContract : public testing::Test {
 protected:
  ObjectStore& store() { return rig_.store(); }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }

  Deadline soon() { return Deadline::after(clock_, std::chrono::seconds(60)); }

  std::string file(const std::string& content) {
    const auto path = folder_.file("file");
    // Another file each time: what was put does not change any more.
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  Result<ObjectInfo> put(const std::string& content, const std::string& sha256 = "") {
    return run(store().put({key_, file(content), "application/json", sha256}, soon()));
  }

  std::optional<ObjectInfo> head() { return run(store().head(key_, soon())).value(); }

  std::optional<std::string> read(std::uint64_t offset, std::uint64_t bytes) {
    return run(store().read(key_, offset, bytes, soon())).value();
  }

  net::Loop loop_;
  SystemClock clock_;
  support::TempFolder folder_;
  std::string key_ = object_key(SessionId::random(), "network.har");
  Rig rig_{loop_};
};

TYPED_TEST_SUITE_P(ObjectStoreContract);

TYPED_TEST_P(ObjectStoreContract, GivesBackWhatWasPut) {
  const auto put = this->put("the content");
  ASSERT_TRUE(put) << put.error().detail;
  EXPECT_EQ(put->bytes, 11U);
  EXPECT_EQ(put->sha256, sha256_hex("the content"));
  EXPECT_EQ(this->read(0, 100), "the content");
}

TYPED_TEST_P(ObjectStoreContract, KnowsWhatAnObjectIs) {
  ASSERT_TRUE(this->put("the content"));
  const auto info = this->head();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->bytes, 11U);
  EXPECT_EQ(info->sha256, sha256_hex("the content"));
  EXPECT_EQ(info->content_type, "application/json");
}

TYPED_TEST_P(ObjectStoreContract, ReadsARange) {
  ASSERT_TRUE(this->put("0123456789"));
  EXPECT_EQ(this->read(2, 3), "234");
  EXPECT_EQ(this->read(8, 100), "89");
  EXPECT_EQ(this->read(10, 1), "");
  EXPECT_EQ(this->read(3, 0), "");
}

TYPED_TEST_P(ObjectStoreContract, StreamsAnObjectLargerThanOneRead) {
  std::string content(2 * kObjectReadBytesMax + 5, 'x');
  content[kObjectReadBytesMax] = 'y';
  ASSERT_TRUE(this->put(content));
  std::string read;
  while (const auto piece = this->read(read.size(), content.size())) {
    ASSERT_LE(piece->size(), kObjectReadBytesMax);
    if (piece->empty()) break;
    read += *piece;
  }
  EXPECT_TRUE(read == content);
}

TYPED_TEST_P(ObjectStoreContract, HasNothingUnderAnotherKey) {
  EXPECT_FALSE(this->head());
  EXPECT_FALSE(this->read(0, 1));
}

TYPED_TEST_P(ObjectStoreContract, TakesTheNewerOfTwo) {
  ASSERT_TRUE(this->put("old"));
  ASSERT_TRUE(this->put("newer"));
  EXPECT_EQ(this->read(0, 100), "newer");
}

TYPED_TEST_P(ObjectStoreContract, TakesTheSameAgain) {
  ASSERT_TRUE(this->put("same"));
  EXPECT_TRUE(this->put("same"));
  EXPECT_EQ(this->read(0, 100), "same");
}

TYPED_TEST_P(ObjectStoreContract, KeepsAnEmptyObject) {
  ASSERT_TRUE(this->put(""));
  ASSERT_TRUE(this->head());
  EXPECT_EQ(this->head()->bytes, 0U);
  EXPECT_EQ(this->read(0, 10), "");
}

TYPED_TEST_P(ObjectStoreContract, RefusesAFileThatIsNotWhatItShouldBe) {
  const auto put = this->put("changed", sha256_hex("original"));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().fault, Fault::kInternal);
  EXPECT_FALSE(this->head());
}

TYPED_TEST_P(ObjectStoreContract, SaysThatAFileIsMissing) {
  const auto put = this->run(
      this->store().put({this->key_, this->folder_.file("none"), "text/plain"}, this->soon()));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().fault, Fault::kInternal);
}

TYPED_TEST_P(ObjectStoreContract, KnowsWhatItHasOfAFileThatIsGone) {
  ASSERT_TRUE(this->put("the content"));
  std::filesystem::remove(this->folder_.file("file"));
  const auto again = [&](const std::string& content) {
    PutRequest request{this->key_, this->folder_.file("file"), "a/b", sha256_hex(content)};
    return this->run(this->store().put(std::move(request), this->soon()));
  };
  EXPECT_TRUE(again("the content"));
  ASSERT_FALSE(again("another"));
  EXPECT_EQ(again("another").error().fault, Fault::kInternal);
}

TYPED_TEST_P(ObjectStoreContract, RemovesOnce) {
  ASSERT_TRUE(this->put("x"));
  EXPECT_TRUE(this->run(this->store().remove(this->key_, this->soon())));
  EXPECT_FALSE(this->head());
  EXPECT_TRUE(this->run(this->store().remove(this->key_, this->soon())));
}

TYPED_TEST_P(ObjectStoreContract, RefusesWhatIsNoKey) {
  for (const std::string key : {"", "..", "../../etc/passwd", "a/b", "/etc/passwd"}) {
    this->key_ = key;
    EXPECT_FALSE(this->put("x")) << key;
    EXPECT_FALSE(this->run(this->store().head(key, this->soon()))) << key;
    EXPECT_FALSE(this->run(this->store().read(key, 0, 1, this->soon()))) << key;
    EXPECT_FALSE(this->run(this->store().remove(key, this->soon()))) << key;
    EXPECT_FALSE(this->store().presign(key, {})) << key;
  }
}

TYPED_TEST_P(ObjectStoreContract, IsReadyAgainAndAgain) {
  ASSERT_TRUE(this->put("x"));
  EXPECT_TRUE(this->run(this->store().ready(this->soon())));
  EXPECT_TRUE(this->head());
}

REGISTER_TYPED_TEST_SUITE_P(ObjectStoreContract, GivesBackWhatWasPut, KnowsWhatAnObjectIs,
                            ReadsARange, StreamsAnObjectLargerThanOneRead,
                            HasNothingUnderAnotherKey, TakesTheNewerOfTwo, TakesTheSameAgain,
                            KeepsAnEmptyObject, RefusesAFileThatIsNotWhatItShouldBe,
                            SaysThatAFileIsMissing, KnowsWhatItHasOfAFileThatIsGone, RemovesOnce,
                            RefusesWhatIsNoKey, IsReadyAgainAndAgain);

}  // namespace pbaas::store
