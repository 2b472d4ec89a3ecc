#include "store/upload_queue.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>

#include "base/digest.h"
#include "base/log.h"
#include "net/event.h"
#include "store/object_key.h"
#include "store/object_store_folder.h"
#include "store/s3_rig.h"

namespace pbaas::store {
namespace {

using support::run_task;
using State = RecordingState;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr Duration kLook{5};

UploadLimits quick_limits() {
  UploadLimits limits;
  limits.retry_first = Duration{20};
  limits.retry_most = Duration{200};
  limits.upkeep_every = Duration{20};
  limits.put_time = std::chrono::seconds(20);
  return limits;
}

// A queue over a store of the test's choice, both as a process has them.
class UploadQueueTest : public testing::Test {
 protected:
  void open(ObjectStore& store) {
    queue_ = UploadQueue::open(loop_, clock_, store, spool_, limits_).value();
  }
  void open() {
    folder_store_ = FolderObjectStore::open(loop_, folder_.file("objects")).value();
    open(*folder_store_);
  }

  // A process that ended and one that began. Its tasks go with its loop.
  void reopen(ObjectStore& store) {
    queue_.reset();
    open(store);
  }

  Result<std::string> begin(const std::string& name = "network.har") {
    return run_task(loop_, queue_->begin(session_, name, RecordingKind::kHar));
  }

  Status finish(FinishedRecording finished = {}, const std::string& name = "network.har") {
    return run_task(loop_, queue_->finish(session_, name, finished));
  }

  void record(const std::string& content, const std::string& name = "network.har") {
    std::ofstream(begin(name).value(), std::ios::binary) << content;
    ASSERT_TRUE(finish({}, name));
  }

  Recording recording() { return queue_->of(session_).at(0); }

  // Lets the queue upload until it says that, at most so long.
  template <typename Until>
  bool upload_until(Until until, Duration time = std::chrono::seconds(30)) {
    if (!uploading_) {
      boost::asio::co_spawn(loop_, queue_->run_uploads(), boost::asio::detached);
      boost::asio::co_spawn(loop_, queue_->run_uploads(), boost::asio::detached);
      uploading_ = true;
    }
    return run_task(loop_, wait_until(std::move(until), Deadline::after(clock_, time)));
  }

  template <typename Until>
  net::Task<bool> wait_until(Until until, Deadline deadline) {
    while (!until()) {
      if (deadline.passed(clock_)) co_return false;
      co_await net::sleep_for(kLook);
    }
    co_return true;
  }

  bool upload_all(Duration time = std::chrono::seconds(30)) {
    return upload_until([this] { return recording().is_settled(); }, time);
  }

  std::string stored(ObjectStore& store, const std::string& name = "network.har") {
    std::string content;
    for (;;) {
      auto read = store.read(object_key(session_, name), content.size(), kObjectReadBytesMax,
                             Deadline::after(clock_, std::chrono::seconds(20)));
      const auto piece = run_task(loop_, std::move(read));
      if (!piece || !*piece) return "not there";
      if ((*piece)->empty()) return content;
      content += **piece;
    }
  }

  net::Loop loop_;
  SystemClock clock_;
  support::TempFolder folder_;
  const std::string spool_ = folder_.file("recordings-spool");
  const SessionId session_ = SessionId::random();
  UploadLimits limits_ = quick_limits();
  std::unique_ptr<FolderObjectStore> folder_store_;
  std::unique_ptr<UploadQueue> queue_;
  bool uploading_ = false;
};

TEST_F(UploadQueueTest, StoresWhatWasFinished) {
  open();
  record("the content");
  EXPECT_EQ(recording().state, State::kUploading);
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(recording().state, State::kStored);
  EXPECT_EQ(recording().sha256, sha256_hex("the content"));
  EXPECT_EQ(recording().bytes, 11U);
  EXPECT_EQ(stored(*folder_store_), "the content");
}

TEST_F(UploadQueueTest, TellsOfOneThatCouldNotBegin) {
  open();
  std::vector<State> states;
  queue_->on_change([&](const Recording& told) { states.push_back(told.state); });
  queue_->refuse(session_, "network.har", RecordingKind::kHar, "the spool is full");
  EXPECT_EQ(states, std::vector{State::kFailed});
  run_task(loop_, queue_->upkeep());
  reopen(*folder_store_);
  EXPECT_EQ(recording().state, State::kFailed);
  EXPECT_EQ(recording().why, "the spool is full");
}

TEST_F(UploadQueueTest, CountsWhatItHas) {
  open();
  record("x");
  (void)begin("video.webm");
  EXPECT_EQ(queue_->counts(),
            (std::map<State, std::size_t>{{State::kRecording, 1}, {State::kUploading, 1}}));
  EXPECT_TRUE(queue_->is_busy());
  EXPECT_EQ(queue_->all().size(), 2U);
}

TEST_F(UploadQueueTest, RemovesTheFileThatIsStored) {
  open();
  record("x");
  const auto path = queue_->path(recording());
  EXPECT_TRUE(std::filesystem::exists(path));
  ASSERT_TRUE(upload_until([&] { return !std::filesystem::exists(path); }));
  EXPECT_EQ(stored(*folder_store_), "x");
}

TEST_F(UploadQueueTest, TellsEachState) {
  open();
  std::vector<State> states;
  queue_->on_change([&](const Recording& told) { states.push_back(told.state); });
  record("x");
  ASSERT_TRUE(upload_until([&] { return states.size() == 3; }));
  EXPECT_EQ(states, (std::vector{State::kRecording, State::kUploading, State::kStored}));
}

TEST_F(UploadQueueTest, SaysThatARecordingIsTruncatedAndWhy) {
  open();
  std::ofstream(begin().value()) << "half";
  ASSERT_TRUE(finish({Duration{1'500}, true, "the disk is full"}));
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(recording().state, State::kTruncated);
  EXPECT_EQ(recording().why, "the disk is full");
  EXPECT_EQ(recording().duration, Duration{1'500});
}

TEST_F(UploadQueueTest, SaysWhyARecordingFailed) {
  open();
  ASSERT_TRUE(begin());
  ASSERT_TRUE(run_task(loop_, queue_->fail(session_, "network.har", "ffmpeg did not start")));
  EXPECT_EQ(recording().state, State::kFailed);
  EXPECT_EQ(recording().why, "ffmpeg did not start");
}

TEST_F(UploadQueueTest, FailsARecordingWhoseFileWasNeverWritten) {
  open();
  ASSERT_TRUE(begin());
  EXPECT_FALSE(finish());
  EXPECT_EQ(recording().state, State::kFailed);
}

TEST_F(UploadQueueTest, UploadsNothingThatChangedOnTheDisk) {
  open();
  record("the content");
  std::ofstream(queue_->path(recording())) << "another one";
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(recording().state, State::kFailed);
  EXPECT_EQ(stored(*folder_store_), "not there");
}

TEST_F(UploadQueueTest, TakesANameOnceInASession) {
  open();
  ASSERT_TRUE(begin());
  EXPECT_FALSE(begin());
  EXPECT_FALSE(begin("../x"));
}

TEST_F(UploadQueueTest, GoesOnWhereTheLastProcessEnded) {
  open();
  record("the content");
  reopen(*folder_store_);
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(stored(*folder_store_), "the content");
}

TEST_F(UploadQueueTest, ListsWhatTheLastProcessDidNotFinish) {
  open();
  std::ofstream(begin().value()) << "so far";
  reopen(*folder_store_);
  ASSERT_EQ(queue_->interrupted().size(), 1U);
  ASSERT_TRUE(finish({Duration{0}, true, "the service was killed"}));
  EXPECT_TRUE(queue_->interrupted().empty());
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(stored(*folder_store_), "so far");
}

TEST_F(UploadQueueTest, RefusesNewRecordingsWhenTheSpoolIsFullAndKeepsTheOld) {
  limits_.spool_bytes_max = 1000;
  open();
  record(std::string(1000, 'x'));
  const auto may = queue_->may_record();
  ASSERT_FALSE(may);
  EXPECT_NE(may.error().detail.find("RECORDING_SPOOL_MAX"), std::string::npos);
  EXPECT_FALSE(begin("video.webm"));
  ASSERT_TRUE(upload_until([this] { return queue_->may_record().has_value(); }));
  EXPECT_EQ(stored(*folder_store_).size(), 1000U);
}

TEST_F(UploadQueueTest, CountsWhatIsBeingRecordedTowardsTheSpool) {
  limits_.spool_bytes_max = 100'000;
  open();
  std::ofstream(begin().value()) << std::string(100'000, 'x');
  EXPECT_TRUE(queue_->may_record());
  run_task(loop_, queue_->upkeep());
  EXPECT_FALSE(queue_->may_record());
}

TEST_F(UploadQueueTest, RefusesNewRecordingsWhenTheDiskIsNearlyFull) {
  limits_.disk_bytes_free_min = std::uint64_t{1} << 60;
  open();
  const auto may = queue_->may_record();
  ASSERT_FALSE(may);
  EXPECT_NE(may.error().detail.find("disk"), std::string::npos);
}

TEST_F(UploadQueueTest, RemovesARecordingFromTheStore) {
  open();
  record("x");
  ASSERT_TRUE(upload_all());
  ASSERT_TRUE(run_task(loop_, queue_->remove(session_, "network.har")));
  EXPECT_TRUE(queue_->of(session_).empty());
  EXPECT_EQ(stored(*folder_store_), "not there");
}

TEST_F(UploadQueueTest, RemovesARecordingThatStillWaits) {
  open();
  record("x");
  ASSERT_TRUE(run_task(loop_, queue_->remove(session_, "network.har")));
  EXPECT_FALSE(std::filesystem::exists(spool_ + "/" + session_.text()));
}

TEST_F(UploadQueueTest, RemovesNothingThatSomebodyElsePutThere) {
  open();
  record("ours");
  ASSERT_TRUE(upload_all());
  std::ofstream(folder_.file("theirs")) << "theirs";
  ASSERT_TRUE(run_task(loop_, folder_store_->put({object_key(session_, "network.har"),
                                                  folder_.file("theirs"), "text/plain"},
                                                 Deadline::after(clock_, Duration{5'000}))));
  ASSERT_TRUE(run_task(loop_, queue_->remove(session_, "network.har")));
  EXPECT_EQ(stored(*folder_store_), "theirs");
}

TEST_F(UploadQueueTest, ForgetsTheOldestSettledOnesButLeavesThemInTheStore) {
  limits_.settled_max = 0;
  open();
  record("x");
  ASSERT_TRUE(upload_all());
  run_task(loop_, queue_->upkeep());
  EXPECT_EQ(queue_->of(session_).size(), 1U) << "the log does not know of it yet";
  queue_->note_told(recording());
  run_task(loop_, queue_->upkeep());
  EXPECT_TRUE(queue_->of(session_).empty());
  EXPECT_EQ(stored(*folder_store_), "x");
}

class UploadQueueS3Test : public UploadQueueTest {
 protected:
  void open_s3(const S3Options& options) {
    s3_ = S3ObjectStore::make(loop_, clock_, options).value();
    open(*s3_);
  }

  S3Options options_ = test_options(new_bucket());
  std::unique_ptr<S3ObjectStore> s3_;
};

TEST_F(UploadQueueS3Test, BringsARecordingWhenTheStoreIsBack) {
  open_s3(options_);
  const auto content = random_bytes(20 * kMiB, 11);
  record(content);
  support::Radosgw::shared().kill();
  const bool tried = upload_until([this] { return !recording().why.empty(); });
  EXPECT_FALSE(recording().is_settled());
  support::Radosgw::shared().start();
  ASSERT_TRUE(tried);
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(recording().state, State::kStored);
  EXPECT_EQ(sha256_hex(stored(*s3_)), sha256_hex(content));
  EXPECT_EQ(open_uploads(options_), 0U);
}

TEST_F(UploadQueueS3Test, KeepsARecordingThatTheStoreForbidsUntilTheNextProcessMay) {
  auto wrong = options_;
  wrong.credentials.secret_key = "wrong-secret";
  open_s3(wrong);
  record("the content");
  ASSERT_TRUE(upload_until([this] { return !recording().why.empty(); }));
  EXPECT_EQ(recording().state, State::kUploading);
  EXPECT_NE(recording().why.find("403"), std::string::npos) << recording().why;
  EXPECT_EQ(recording().why.find("wrong-secret"), std::string::npos);
  net::Loop next_loop;
  auto right = S3ObjectStore::make(next_loop, clock_, options_).value();
  auto next = UploadQueue::open(next_loop, clock_, *right, spool_, limits_).value();
  boost::asio::co_spawn(next_loop, next->run_uploads(), boost::asio::detached);
  const auto is_stored = [&] { return next->of(session_).at(0).state == State::kStored; };
  const auto deadline = Deadline::after(clock_, std::chrono::seconds(30));
  EXPECT_TRUE(run_task(next_loop, wait_until(is_stored, deadline)));
}

TEST_F(UploadQueueS3Test, BringsARecordingThroughAWayThatCutsEachSecondPart) {
  support::FaultProxy proxy(support::Radosgw::shared().port());
  auto broken = options_;
  broken.endpoint = "http://127.0.0.1:" + std::to_string(proxy.port());
  broken.retry.tries_max = 2;
  open_s3(broken);
  const auto content = random_bytes(40 * kMiB, 12);
  record(content);
  proxy.cut_after(6 * kMiB, 5);
  ASSERT_TRUE(upload_all());
  EXPECT_EQ(recording().state, State::kStored);
  EXPECT_EQ(sha256_hex(stored(*s3_)), sha256_hex(content));
  EXPECT_EQ(open_uploads(options_), 0U);
  s3_.reset();
}

// A process that records three files and uploads them, until it is killed.
[[noreturn]] void record_until_killed(const std::string& spool, const S3Options& options,
                                      const SessionId& session) {
  SystemClock clock;
  net::Loop loop;
  pbaas::log::set_level(pbaas::log::Level::kError);
  auto store = S3ObjectStore::make(loop, clock, options).value();
  auto queue = UploadQueue::open(loop, clock, *store, spool, quick_limits()).value();
  boost::asio::co_spawn(loop, queue->run_uploads(), boost::asio::detached);
  boost::asio::co_spawn(loop, queue->run_upkeep(), boost::asio::detached);
  const std::size_t sizes[] = {1000, 20 * kMiB, 36 * kMiB};
  for (unsigned n = 0; n < 3; ++n) {
    const auto name = "part-" + std::to_string(n);
    const auto known = queue->of(session);
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const Recording& each) { return each.name == name; });
    if (same != known.end() && same->state != State::kRecording) continue;
    const std::string path =
        same != known.end()
            ? queue->path(*same)
            : run_task(loop, queue->begin(session, name, RecordingKind::kVideo)).value();
    std::ofstream(path, std::ios::binary) << random_bytes(sizes[n], n);
    (void)run_task(loop, queue->finish(session, name, {}));
  }
  loop.run();
  _exit(0);
}

// CI, which runs this under each sanitizer, asks for fewer.
int kills_wanted() {
  const char* wanted = std::getenv("PBAAS_KILLS");
  return wanted ? std::max(1, std::atoi(wanted)) : 12;
}

TEST_F(UploadQueueS3Test, LosesNothingHoweverOftenTheProcessIsKilled) {
  (void)support::Radosgw::shared();
  const int kills = kills_wanted();
  // A busy machine gets less far in the same time: on until the last recording has begun.
  const int kills_max = 5 * kills;
  const auto last = spool_ + "/" + session_.text() + "/.part-2.manifest";
  for (int n = 0; n < kills || (n < kills_max && !std::filesystem::exists(last)); ++n) {
    const pid_t child = fork();
    if (child == 0) record_until_killed(spool_, options_, session_);
    // Later and later, so that each stage is hit: from 40 ms to 700 ms, however many they are.
    std::this_thread::sleep_for(std::chrono::milliseconds(40 + n * 660 / kills));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  open_s3(options_);
  for (const auto& each : queue_->interrupted())
    (void)run_task(loop_, queue_->finish(each.session, each.name, {Duration{0}, true, "killed"}));
  ASSERT_TRUE(upload_until(
      [this] {
        const auto all = queue_->of(session_);
        return std::all_of(all.begin(), all.end(),
                           [](const auto& each) { return each.is_settled(); });
      },
      std::chrono::seconds(60)));
  for (const auto& each : queue_->of(session_)) {
    EXPECT_NE(each.state, State::kFailed) << each.name << ": " << each.why;
    EXPECT_EQ(sha256_hex(stored(*s3_, each.name)), each.sha256) << each.name;
  }
  EXPECT_EQ(queue_->of(session_).size(), 3U);
  EXPECT_EQ(open_uploads(options_), 0U);
}

}  // namespace
}  // namespace pbaas::store
