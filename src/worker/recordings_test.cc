#include "worker/recordings.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "recording/finish_files.h"
#include "worker/recording_rig.h"

namespace pbaas::worker {
namespace {

using store::RecordingState;

// Real browsers are recorded by the tests from outside (tests/recording); here is what becomes of
// recordings without one.
class RecordingsTest : public RecordingFixture {
 protected:
  Recordings& recordings() {
    if (!made) made.emplace(loop, clock, *queue, "1", times);
    return *made;
  }
  std::shared_ptr<Recordings::Running> start(std::shared_ptr<browser::CdpPipe> pipe,
                                             session::RecordOptions options = both()) {
    return run(recordings().start(session, options, std::move(pipe)));
  }
  static session::RecordOptions both() { return {session::HarOptions{}, session::VideoOptions{}}; }
  static session::RecordOptions har() { return {session::HarOptions{}, {}}; }
  bool both_have_failed() {
    return comes_true([&] {
      return queue->counts() == std::map<RecordingState, std::size_t>{{RecordingState::kFailed, 2}};
    });
  }
  std::string session_folder() const { return folder.file("spool/" + session.text()); }
  // The disk's thread opens it to write that recording's manifest, and waits for somebody to read.
  std::string hold_disk(const std::string& name) {
    const auto held = session_folder() + "/." + name + ".manifest.new";
    std::filesystem::create_directory(session_folder());
    EXPECT_EQ(::mkfifo(held.c_str(), 0600), 0);
    return held;
  }
  std::string begin(const std::string& name, store::RecordingKind kind) {
    const auto path = run(queue->begin(session, name, kind)).value();
    return std::filesystem::path(path).parent_path();
  }

  RecordingTimes times;
  std::optional<Recordings> made;
};

// A browser's end of its pipe that agrees to everything and tells nothing.
class QuietBrowser {
 public:
  explicit QuietBrowser(net::Loop& loop) {
    int up[2];
    int down[2];
    if (::pipe2(up, O_CLOEXEC) + ::pipe2(down, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    commands_ = UniqueFd(up[0]);
    answers_ = UniqueFd(down[1]);
    pipe = std::make_shared<browser::CdpPipe>(loop, UniqueFd(down[0]), UniqueFd(up[1]));
    thread_ = std::thread([this] { agree(); });
  }
  ~QuietBrowser() {
    pipe->close();
    thread_.join();
  }
  QuietBrowser(const QuietBrowser&) = delete;
  QuietBrowser& operator=(const QuietBrowser&) = delete;

  std::shared_ptr<browser::CdpPipe> pipe;

 private:
  void agree() {
    std::string command;
    char byte = 0;
    while (::read(commands_.get(), &byte, 1) == 1) {
      if (byte != 0) {
        command.push_back(byte);
      } else {
        answer(boost::json::parse(std::exchange(command, {})).as_object());
      }
    }
  }
  void answer(const boost::json::object& command) {
    std::string text =
        R"({"id":)" + boost::json::serialize(command.at("id")) + R"(,"result":{"sessionId":"B"})";
    if (const auto* session_id = command.if_contains("sessionId"))
      text += R"(,"sessionId":)" + boost::json::serialize(*session_id);
    text.append("}").push_back('\0');
    (void)!::write(answers_.get(), text.data(), text.size());
  }

  UniqueFd commands_;
  UniqueFd answers_;
  std::thread thread_;
};

// While it lasts no thread can be made: no memory has room for its stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_attr_t too_large;
    pthread_getattr_default_np(&usual_);
    pthread_getattr_default_np(&too_large);
    pthread_attr_setstacksize(&too_large, std::size_t{1} << 60);
    pthread_setattr_default_np(&too_large);
  }
  ~NoThreads() { pthread_setattr_default_np(&usual_); }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t usual_;
};

// A clock that fails on every thread but the test's, once it is told to.
class BreakingClock final : public Clock {
 public:
  Instant now() const override {
    if (is_broken && std::this_thread::get_id() != own_) throw std::runtime_error("no time");
    return clock_.now();
  }
  WallTime wall() const override { return clock_.wall(); }

  std::atomic<bool> is_broken{false};

 private:
  const std::thread::id own_ = std::this_thread::get_id();
  SystemClock clock_;
};

TEST_F(RecordingsTest, HaveFailedWhereThereIsNoBrowserToRecord) {
  EXPECT_EQ(start(nullptr), nullptr);
  ASSERT_TRUE(both_have_failed());
  for (const auto* name : {"network.har", "video.webm"}) {
    EXPECT_EQ(recording(name).why, "the browser has no pipe");
  }
}

TEST_F(RecordingsTest, HaveFailedWhereTheBrowserDoesNotAnswer) {
  int from_browser[2];
  int to_browser[2];
  ASSERT_EQ(::pipe(from_browser) + ::pipe(to_browser), 0);
  const UniqueFd answers(from_browser[1]);
  const UniqueFd commands(to_browser[0]);
  times.start = Duration(20);
  EXPECT_EQ(start(std::make_shared<browser::CdpPipe>(loop, UniqueFd(from_browser[0]),
                                                     UniqueFd(to_browser[1]))),
            nullptr);
  ASSERT_TRUE(both_have_failed());
  EXPECT_NE(recording("network.har").why.find("did not answer"), std::string::npos);
}

TEST_F(RecordingsTest, HaveFailedWhereTheSpoolIsFullByThen) {
  limits.spool_bytes_max = 0;
  open();
  EXPECT_EQ(start(nullptr), nullptr);
  ASSERT_TRUE(both_have_failed());
  for (const auto* name : {"network.har", "video.webm"})
    EXPECT_NE(recording(name).why.find("RECORDING_SPOOL_MAX is 0"), std::string::npos);
}

TEST_F(RecordingsTest, HaveFailedWhereTheDiskDoesNotTakeThem) {
  times.begin = Duration(50);
  const auto held = hold_disk("network.har");
  EXPECT_EQ(start(nullptr), nullptr);
  EXPECT_TRUE(both_have_failed());
  EXPECT_EQ(recording("network.har").why, "the disk did not take it in time");
  const UniqueFd reader(::open(held.c_str(), O_RDONLY | O_CLOEXEC));
  run(queue->upkeep());
}

TEST_F(RecordingsTest, HaveFailedWhereThereIsNoThreadToBeHad) {
  const QuietBrowser browser(loop);
  (void)recordings();
  {
    const NoThreads none;
    EXPECT_EQ(start(browser.pipe), nullptr);
  }
  EXPECT_TRUE(both_have_failed());
}

TEST_F(RecordingsTest, HaveFailedWhereTheirCreateWasGivenUpBetweenTwo) {
  const auto held = hold_disk("video.webm");
  boost::asio::cancellation_signal hang_up;
  bool is_cut = false;
  boost::asio::co_spawn(loop, recordings().start(session, both(), nullptr),
                        boost::asio::bind_cancellation_slot(
                            hang_up.slot(), [&](const std::exception_ptr& error, auto) {
                              is_cut = error != nullptr;
                            }));
  ASSERT_TRUE(comes_true([&] { return queue->of(session).size() == 2; }));
  hang_up.emit(boost::asio::cancellation_type::terminal);
  ASSERT_TRUE(comes_true([&] { return is_cut; }));
  const UniqueFd reader(::open(held.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(comes_true([&] { return queue->interrupted().empty(); }));
  EXPECT_EQ(queue->of(session).size(), 1U);
  EXPECT_EQ(recording("network.har").state, RecordingState::kFailed);
  run(queue->upkeep());
}

TEST_F(RecordingsTest, AreMadeOfADiskThatHeldThemUpForLong) {
  const QuietBrowser browser(loop);
  times.encoders = times.assembly = Duration(20);
  const auto running = start(browser.pipe, har());
  ASSERT_TRUE(running);
  const auto spool = recording::har_spool_path(session_folder());
  std::filesystem::remove(spool);
  ASSERT_EQ(::mkfifo(spool.c_str(), 0600), 0);
  run(recordings().finish(running));
  ASSERT_TRUE(comes_true([&] { return recordings().stuck() == 1; }));
  const auto soon = Deadline::after(clock, Duration(10'000));
  run(recordings().settled(soon));
  EXPECT_FALSE(soon.passed(clock));
  UniqueFd(::open(spool.c_str(), O_WRONLY | O_CLOEXEC)).reset();
  EXPECT_TRUE(
      comes_true([&] { return recording("network.har").state == RecordingState::kUploading; }));
  EXPECT_EQ(recordings().stuck(), 0U);
}

TEST_F(RecordingsTest, LeaveNothingButManifestsWhereNoFileCameOfThem) {
  const QuietBrowser browser(loop);
  const auto running = start(browser.pipe, har());
  ASSERT_TRUE(running);
  std::filesystem::create_directory(session_folder() + "/network.har.incoming");
  run(recordings().finish(running));
  ASSERT_TRUE(
      comes_true([&] { return recording("network.har").state == RecordingState::kFailed; }));
  run(queue->upkeep());
  std::vector<std::string> left;
  for (const auto& each : std::filesystem::directory_iterator(session_folder()))
    left.push_back(each.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{".network.har.manifest"});
}

TEST_F(RecordingsTest, AreMadeOfWhatARecorderLeftThatBrokeOff) {
  const QuietBrowser browser(loop);
  BreakingClock breaking;
  made.emplace(loop, breaking, *queue, "1", times);
  const auto running = start(browser.pipe, har());
  ASSERT_TRUE(running);
  breaking.is_broken = true;
  run(recordings().finish(running));
  EXPECT_TRUE(
      comes_true([&] { return recording("network.har").state == RecordingState::kUploading; }));
  EXPECT_EQ(recording("network.har").why, "the recorder broke off");
  made.reset();
}

TEST_F(RecordingsTest, AreMadeOfWhatAFormerProcessLeft) {
  const auto at = begin("network.har", store::RecordingKind::kHar);
  std::ofstream(recording::har_spool_path(at)) << R"({"page":{"id":"page_1"}})" << "\n{\"pa";
  open();
  recordings().finish_left_over();
  ASSERT_TRUE(
      comes_true([&] { return recording("network.har").state == RecordingState::kUploading; }));
  EXPECT_TRUE(recording("network.har").truncated);
  EXPECT_EQ(recording("network.har").why, "the service was killed");
  EXPECT_FALSE(std::filesystem::exists(recording::har_spool_path(at)));
}

TEST_F(RecordingsTest, HaveFailedWhereAFormerProcessLeftNothingOfThem) {
  const auto at = begin("video.webm", store::RecordingKind::kVideo);
  std::ofstream(at + "/video.0.part.webm") << "no video";
  open();
  recordings().finish_left_over();
  ASSERT_TRUE(comes_true([&] { return recording("video.webm").state == RecordingState::kFailed; }));
  EXPECT_FALSE(std::filesystem::exists(at + "/video.0.part.webm"));
}

TEST_F(RecordingsTest, AreRefusedWhereTheSpoolIsFull) {
  limits.spool_bytes_max = 0;
  open();
  const auto may = recordings().may_record();
  ASSERT_FALSE(may);
  EXPECT_EQ(may.error().fault, Fault::kRecordingsFull);
  EXPECT_NE(may.error().detail.find("RECORDING_SPOOL_MAX is 0"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::worker
