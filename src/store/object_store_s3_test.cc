#include "store/object_store_s3.h"

#include <gtest/gtest.h>

#include "store/object_store_contract.h"
#include "store/s3_rig.h"

namespace pbaas::store {
namespace {

using support::run_task;

class S3Rig {
 public:
  explicit S3Rig(net::Loop& loop)
      : store_(S3ObjectStore::make(loop, clock_, test_options(new_bucket())).value()) {
    const auto ready =
        run_task(loop, store_->ready(Deadline::after(clock_, std::chrono::seconds(30))));
    if (!ready) throw std::runtime_error(ready.error().detail);
  }
  ObjectStore& store() { return *store_; }

 private:
  SystemClock clock_;
  std::unique_ptr<S3ObjectStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(S3, ObjectStoreContract, S3Rig);

class S3ObjectStoreTest : public testing::Test {
 protected:
  void make() { store_ = S3ObjectStore::make(loop_, *clock_, options_).value(); }

  Deadline in(std::chrono::seconds time) { return Deadline::after(*clock_, time); }

  Result<ObjectInfo> put(const std::string& content, std::chrono::seconds time = kEnough) {
    std::ofstream(folder_.file("file"), std::ios::binary) << content;
    return run_task(loop_, store_->put({key_, folder_.file("file"), "video/webm"}, in(time)));
  }

  // The SHA-256 of all that is there, read in pieces.
  std::string stored_sha256() {
    std::string content;
    for (;;) {
      const auto piece =
          run_task(loop_, store_->read(key_, content.size(), kObjectReadBytesMax, in(kEnough)));
      if (!piece || !*piece) return "not there";
      if ((*piece)->empty()) return sha256_hex(content);
      content += **piece;
    }
  }

  // Status and body of a request that nobody signed.
  HttpAnswer plain(const std::string& method, const std::string& url) {
    const Interrupt interrupt;
    CurlTransfers transfers("", {}, interrupt);
    return transfers.perform({.method = method, .url = url}, Duration{10'000}).value();
  }

  std::string url(PresignOptions options = {}) { return **store_->presign(key_, options); }

  // As the store is reached through the proxy.
  void go_through_proxy() {
    options_.endpoint = "http://127.0.0.1:" + std::to_string(proxy_.port());
    make();
  }

  static constexpr std::chrono::seconds kEnough{60};
  static constexpr std::size_t kMiB = 1024 * 1024;

  net::Loop loop_;
  SystemClock system_clock_;
  const Clock* clock_ = &system_clock_;
  support::TempFolder folder_;
  const std::string key_ = object_key(SessionId::random(), "video.webm");
  S3Options options_ = test_options(new_bucket());
  support::FaultProxy proxy_{support::Radosgw::shared().port()};
  std::unique_ptr<S3ObjectStore> store_;
};

TEST_F(S3ObjectStoreTest, MakesTheBucketWhereItIsMissing) {
  make();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  EXPECT_TRUE(put("x"));
}

TEST_F(S3ObjectStoreTest, MakesTheBucketForAPutThatComesFirst) {
  make();
  EXPECT_TRUE(put("x"));
}

TEST_F(S3ObjectStoreTest, MakesTheBucketOnceWhereManyAreFirst) {
  make();
  auto other = S3ObjectStore::make(loop_, *clock_, options_).value();
  const auto first = run_task(loop_, store_->ready(in(kEnough)));
  const auto second = run_task(loop_, other->ready(in(kEnough)));
  EXPECT_TRUE(first && second);
}

TEST_F(S3ObjectStoreTest, PutsFortyMegabytesInParts) {
  make();
  const auto content = random_bytes(40 * kMiB, 1);
  const auto sent = put(content);
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(stored_sha256(), sha256_hex(content));
  EXPECT_EQ(open_uploads(options_), 0U);
}

TEST_F(S3ObjectStoreTest, SendsNothingThatIsThereAlready) {
  make();
  const auto content = random_bytes(2 * kMiB, 2);
  ASSERT_TRUE(put(content));
  go_through_proxy();
  // A second upload would carry more than this, and be cut each time.
  proxy_.cut_after(1 * kMiB, 1'000);
  EXPECT_TRUE(put(content));
}

TEST_F(S3ObjectStoreTest, PresignsAUrlFromWhichAnyoneGetsTheObject) {
  make();
  ASSERT_TRUE(put("for all"));
  const auto answer = plain("GET", url());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "for all");
}

TEST_F(S3ObjectStoreTest, PresignsADownloadWithItsNameAndType) {
  make();
  ASSERT_TRUE(put("x"));
  const auto answer =
      plain("GET", url({.download_name = "my video.webm", .content_type = "application/x-test"}));
  EXPECT_EQ(answer.header("content-disposition"), "attachment; filename=\"my video.webm\"");
  EXPECT_EQ(answer.header("content-type"), "application/x-test");
}

TEST_F(S3ObjectStoreTest, PresignsForOneKeyAndMethodAlone) {
  make();
  ASSERT_TRUE(put("x"));
  const auto signed_url = url();
  auto other_key = signed_url;
  other_key.replace(other_key.find("video.webm"), 10, "video.webn");
  EXPECT_EQ(plain("GET", other_key).status, 403);
  EXPECT_EQ(plain("PUT", signed_url).status, 403);
  EXPECT_EQ(plain("DELETE", signed_url).status, 403);
  EXPECT_EQ(plain("GET", signed_url + "0").status, 403);
  EXPECT_EQ(plain("GET", signed_url.substr(0, signed_url.find('?'))).status, 403);
  EXPECT_EQ(stored_sha256(), sha256_hex("x"));
}

TEST_F(S3ObjectStoreTest, PresignsForAWhileAlone) {
  make();
  ASSERT_TRUE(put("x"));
  const auto short_lived = url({.lifetime = std::chrono::seconds(1)});
  std::this_thread::sleep_for(std::chrono::milliseconds(2'100));
  EXPECT_EQ(plain("GET", short_lived).status, 403);
}

TEST_F(S3ObjectStoreTest, PresignsForTheEndpointThatClientsReach) {
  options_.public_endpoint = "https://files.example";
  make();
  EXPECT_TRUE(url().starts_with("https://files.example/" + options_.bucket + "/" + key_ + "?"));
}

TEST_F(S3ObjectStoreTest, NamesWhatIsWrongWithAWrongSecretAndNotTheSecret) {
  options_.credentials.secret_key = "not-the-secret-at-all";
  make();
  const auto ready = run_task(loop_, store_->ready(in(kEnough)));
  ASSERT_FALSE(ready);
  const auto& detail = ready.error().detail;
  EXPECT_EQ(ready.error().fault, Fault::kStoreUnavailable);
  for (const auto& part : {options_.endpoint, options_.bucket, std::string("SignatureDoesNotMatch"),
                           std::string("MINIO_SECRET_KEY")})
    EXPECT_NE(detail.find(part), std::string::npos) << detail;
  EXPECT_EQ(detail.find("not-the-secret"), std::string::npos);
  EXPECT_EQ(detail.find(options_.credentials.access_key), std::string::npos);
}

TEST_F(S3ObjectStoreTest, FailsAPutThatIsForbidden) {
  make();
  ASSERT_TRUE(put("x"));
  options_.credentials.access_key = "NOBODY";
  make();
  const auto refused = put("y");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("403"), std::string::npos) << refused.error().detail;
}

TEST_F(S3ObjectStoreTest, NeedsItsKeysToBeMade) {
  options_.credentials.secret_key.clear();
  const auto made = S3ObjectStore::make(loop_, *clock_, options_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, Fault::kInvalidField);
}

TEST_F(S3ObjectStoreTest, GoesByTheStoresClockWhereItsOwnIsWrong) {
  class WrongClock final : public Clock {
   public:
    Instant now() const override { return right_.now(); }
    WallTime wall() const override { return right_.wall() - std::chrono::hours(24 * 400); }

   private:
    SystemClock right_;
  };
  const WrongClock wrong;
  clock_ = &wrong;
  make();
  const auto sent = put("x");
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(plain("GET", url()).status, 200);
  store_.reset();
}

TEST_F(S3ObjectStoreTest, SendsOnePartAgainThatWasCut) {
  go_through_proxy();
  const auto content = random_bytes(40 * kMiB, 3);
  proxy_.cut_after(5 * kMiB, 2);
  const auto sent = put(content);
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(proxy_.cuts(), 2);
  EXPECT_EQ(stored_sha256(), sha256_hex(content));
  EXPECT_EQ(open_uploads(options_), 0U);
}

TEST_F(S3ObjectStoreTest, AbortsAnUploadWhosePartsAreCutAgainAndAgain) {
  go_through_proxy();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  proxy_.cut_after(5 * kMiB, 1'000);
  EXPECT_FALSE(put(random_bytes(40 * kMiB, 4)));
  EXPECT_EQ(open_uploads(options_), 0U);
  EXPECT_EQ(stored_sha256(), "not there");
}

TEST_F(S3ObjectStoreTest, KnowsAnUploadWhoseLastAnswerWasLost) {
  go_through_proxy();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  const auto content = random_bytes(20 * kMiB, 5);
  // All parts and the completion share a connection, which is lost once they went up.
  proxy_.lose_answers_after(20 * kMiB + 1, 1);
  const auto sent = put(content);
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_GE(proxy_.cuts(), 1);
  EXPECT_EQ(stored_sha256(), sha256_hex(content));
  EXPECT_EQ(open_uploads(options_), 0U);
}

TEST_F(S3ObjectStoreTest, RemovesTheUploadThatAKilledProcessLeft) {
  make();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  const Interrupt interrupt;
  const auto address = S3Address::parse(options_.endpoint, options_.bucket).value();
  S3Client client(options_, address, address, *clock_, interrupt);
  S3Request begun{.method = "POST", .key = key_, .query = {{"uploads", ""}}};
  ASSERT_TRUE(client.send(begun, in(kEnough)));
  ASSERT_EQ(open_uploads(options_), 1U);
  ASSERT_TRUE(put(random_bytes(17 * kMiB, 6)));
  EXPECT_EQ(open_uploads(options_), 0U);
}

TEST_F(S3ObjectStoreTest, GivesUpAtTheDeadlineWhereTheStoreIsTooSlow) {
  go_through_proxy();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  proxy_.limit_bytes_per_s(200'000);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(put(random_bytes(8 * kMiB, 7), std::chrono::seconds(2)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST_F(S3ObjectStoreTest, PutsThroughASlowWay) {
  go_through_proxy();
  const auto content = random_bytes(2 * kMiB, 8);
  proxy_.limit_bytes_per_s(1'000'000);
  ASSERT_TRUE(put(content));
  proxy_.limit_bytes_per_s(0);
  EXPECT_EQ(stored_sha256(), sha256_hex(content));
}

TEST_F(S3ObjectStoreTest, GivesUpOnAStoreThatStandsStillAndGoesOnWhenItMoves) {
  make();
  ASSERT_TRUE(put("before"));
  support::Radosgw::shared().pause();
  const auto refused = put("meanwhile", std::chrono::seconds(3));
  support::Radosgw::shared().resume();
  EXPECT_FALSE(refused);
  EXPECT_TRUE(put("after"));
  EXPECT_EQ(stored_sha256(), sha256_hex("after"));
}

TEST_F(S3ObjectStoreTest, FailsWhileTheStoreIsGoneAndGoesOnWhenItIsBack) {
  make();
  ASSERT_TRUE(put("before"));
  support::Radosgw::shared().kill();
  const auto refused = put("meanwhile");
  support::Radosgw::shared().start();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find(options_.endpoint), std::string::npos);
  EXPECT_TRUE(put("after"));
}

TEST_F(S3ObjectStoreTest, EndsAtOnceThoughAnUploadHasMinutesLeft) {
  go_through_proxy();
  ASSERT_TRUE(run_task(loop_, store_->ready(in(kEnough))));
  proxy_.limit_bytes_per_s(100'000);
  std::ofstream(folder_.file("file"), std::ios::binary) << random_bytes(8 * kMiB, 9);
  auto sent = store_->put({key_, folder_.file("file"), "video/webm"}, in(std::chrono::minutes(5)));
  boost::asio::co_spawn(
      loop_,
      [](net::Task<Result<ObjectInfo>> task) -> net::Task<void> {
        (void)co_await std::move(task);
      }(std::move(sent)),
      [](std::exception_ptr) {});
  loop_.poll();
  const auto began = std::chrono::steady_clock::now();
  store_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  loop_.run();
}

}  // namespace
}  // namespace pbaas::store
