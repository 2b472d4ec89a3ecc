// How the UploadQueue brings recordings to a store, seen from a store that only takes notes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/unique_fd.h"
#include "net/event.h"
#include "store/upload_queue.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using support::run_task;

class NotedStore : public ObjectStore {
 public:
  net::Task<Status> ready(Deadline) override { co_return Status(); }
  net::Task<Result<ObjectInfo>> put(PutRequest request, Deadline deadline) override {
    deadlines.push_back(deadline);
    object = ObjectInfo{1, request.sha256, request.content_type};
    if (loses_answers) co_return away();
    if (is_broken) co_return Error{Fault::kInternal, "the store is broken"};
    co_return *object;
  }
  net::Task<Result<std::optional<ObjectInfo>>> head(std::string, Deadline deadline) override {
    if (is_looking) co_await is_looking->wait(deadline);
    if (is_away) co_return away();
    co_return object;
  }
  net::Task<Result<std::optional<std::string>>> read(std::string, std::uint64_t, std::uint64_t,
                                                     Deadline) override {
    co_return std::optional<std::string>();
  }
  net::Task<Status> remove(std::string, Deadline) override {
    object.reset();
    co_return Status();
  }
  Result<std::optional<std::string>> presign(const std::string&, const PresignOptions&) override {
    return std::optional<std::string>();
  }

  static Error away() { return Error{Fault::kStoreUnavailable, "the store is away"}; }

  std::vector<Deadline> deadlines;  // of uploads
  std::optional<ObjectInfo> object;
  std::optional<net::Event> is_looking;  // what waits until then
  bool loses_answers = false;
  bool is_broken = false;
  bool is_away = false;
};

class UploadLoopTest : public testing::Test {
 protected:
  void open() { queue = UploadQueue::open(loop, clock, store, spool, limits).value(); }

  Result<std::string> begin(const std::string& name) {
    return run_task(loop, queue->begin(session, name, RecordingKind::kHar));
  }
  void record(const std::string& name, std::uint64_t bytes) {
    const auto path = begin(name).value();
    std::ofstream(path).flush();
    std::filesystem::resize_file(path, bytes);
    ASSERT_TRUE(run_task(loop, queue->finish(session, name, {})));
  }
  net::Task<void> wait_for(const std::string& name) {
    for (;;) {
      for (const auto& each : queue->of(session)) {
        if (each.name == name && each.is_settled()) co_return;
      }
      co_await net::sleep_for(Duration(2));
    }
  }
  void upload(const std::string& name) {
    boost::asio::co_spawn(loop, queue->run_uploads(), boost::asio::detached);
    run_task(loop, wait_for(name));
  }
  // Runs what is ready, and waits for nothing.
  void turn() {
    loop.restart();
    loop.poll();
  }
  bool comes_true(const std::function<bool()>& holds) {
    const auto by = Deadline::after(clock, Duration(10'000));
    while (!holds() && !by.passed(clock)) turn();
    return holds();
  }
  // Uploads without ever hearing that it arrived.
  void bring_unheard(const std::string& name) {
    record(name, 1);
    store.loses_answers = true;
    boost::asio::cancellation_signal stop;
    boost::asio::co_spawn(loop, queue->run_uploads(),
                          boost::asio::bind_cancellation_slot(stop.slot(), boost::asio::detached));
    while (store.deadlines.empty()) turn();
    stop.emit(boost::asio::cancellation_type::terminal);
    turn();
  }
  // Holds up the thread that reads finished files: it opens a pipe that nobody writes to yet.
  void hold_seals() {
    held = begin("held").value();
    ASSERT_EQ(::mkfifo(held.c_str(), 0600), 0);
    boost::asio::co_spawn(loop, queue->finish(session, "held", {}), boost::asio::detached);
    turn();
  }
  void let_go_of_seals() {
    const UniqueFd writer(::open(held.c_str(), O_WRONLY | O_CLOEXEC));
    run_task(loop, wait_for("held"));
  }
  // Holds up the thread that writes manifests: it opens a pipe that nobody reads yet.
  void hold_disk() {
    std::filesystem::create_directory(spool + "/" + session.text());
    held = manifest("held") + ".new";
    ASSERT_EQ(::mkfifo(held.c_str(), 0600), 0);
    boost::asio::co_spawn(loop, queue->begin(session, "held", RecordingKind::kHar),
                          boost::asio::detached);
    turn();
  }
  void let_go_of_disk() {
    const UniqueFd reader(::open(held.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(comes_true([&] { return names().empty(); }));
  }
  std::string manifest(const std::string& name) const {
    return spool + "/" + session.text() + "/." + name + ".manifest";
  }
  // Asks for that of a disk that does not answer, and hangs up.
  template <typename Task>
  void cancelled(Task task) {
    boost::asio::cancellation_signal hang_up;
    bool is_cut = false;
    boost::asio::co_spawn(
        loop, std::move(task),
        boost::asio::bind_cancellation_slot(
            hang_up.slot(), [&](std::exception_ptr error, auto) { is_cut = error != nullptr; }));
    turn();
    hang_up.emit(boost::asio::cancellation_type::terminal);
    turn();
    ASSERT_TRUE(is_cut);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& each : queue->of(session)) names.push_back(each.name);
    return names;
  }

  net::Loop loop;
  SystemClock clock;
  support::TempFolder folder;
  const std::string spool = folder.file("spool");
  const SessionId session = SessionId::random();
  UploadLimits limits;
  NotedStore store;
  std::unique_ptr<UploadQueue> queue;
  std::string held;
};

TEST_F(UploadLoopTest, HasTimeForTheBytesOfALongRecording) {
  constexpr std::uint64_t kBytes = 64 << 20;
  limits.put_time = Duration(1'000);
  open();
  record("long", kBytes);
  upload("long");
  const auto seconds = kBytes / limits.put_bytes_per_second_min;
  ASSERT_EQ(store.deadlines.size(), 1U);
  EXPECT_GT(store.deadlines[0].left(clock), std::chrono::seconds(seconds - 60));
}

// An upload that arrived and was not heard of; it is removed while the store is away, and the
// process ends before that is back.
TEST_F(UploadLoopTest, RemovesWhatAnUploadMayHaveBroughtHoweverLongThatTakes) {
  open();
  bring_unheard("network.har");
  store.is_away = true;
  ASSERT_TRUE(run_task(loop, queue->remove(session, "network.har")));
  EXPECT_TRUE(names().empty());
  run_task(loop, queue->upkeep());
  EXPECT_TRUE(store.object);
  queue.reset();
  open();
  EXPECT_TRUE(names().empty());
  store.is_away = false;
  run_task(loop, queue->upkeep());
  EXPECT_FALSE(store.object);
  EXPECT_TRUE(std::filesystem::is_empty(spool));
}

TEST_F(UploadLoopTest, RemovesWhatIsStoredHoweverLongTheStoreIsAway) {
  open();
  record("network.har", 1);
  upload("network.har");
  store.is_away = true;
  EXPECT_TRUE(run_task(loop, queue->remove(session, "network.har")));
  EXPECT_TRUE(names().empty());
  run_task(loop, queue->upkeep());
  EXPECT_TRUE(store.object);
  // As the next process does.
  const auto former = std::move(queue);
  open();
  EXPECT_TRUE(names().empty());
  store.is_away = false;
  run_task(loop, queue->upkeep());
  EXPECT_FALSE(store.object);
  EXPECT_TRUE(std::filesystem::is_empty(spool));
}

// The upkeep is about to remove it when the disk says that it could not note so.
TEST_F(UploadLoopTest, RemovesWhatIsBeingRemovedAlreadyWhereTheDiskNotesNothing) {
  open();
  bring_unheard("network.har");
  store.is_looking.emplace(loop);
  std::filesystem::create_directory(manifest("network.har") + ".new");
  bool is_kept_up = false;
  boost::asio::co_spawn(loop, queue->upkeep(),
                        [&](const std::exception_ptr&) { is_kept_up = true; });
  EXPECT_TRUE(run_task(loop, queue->remove(session, "network.har")));
  EXPECT_TRUE(names().empty());
  EXPECT_FALSE(is_kept_up);
  store.is_looking->set();
  ASSERT_TRUE(comes_true([&] { return is_kept_up; }));
  EXPECT_FALSE(store.object);
  EXPECT_TRUE(std::filesystem::is_empty(spool));
}

TEST_F(UploadLoopTest, RemovesTheObjectOfOneThatFailed) {
  open();
  store.is_broken = true;
  record("network.har", 1);
  upload("network.har");
  ASSERT_EQ(queue->of(session).at(0).state, RecordingState::kFailed);
  ASSERT_TRUE(run_task(loop, queue->remove(session, "network.har")));
  EXPECT_FALSE(store.object);
}

TEST_F(UploadLoopTest, BeginsOneWhileAnotherIsRead) {
  open();
  hold_seals();
  bool has_begun = false;
  boost::asio::co_spawn(
      loop, queue->begin(session, "network.har", RecordingKind::kHar),
      [&](const std::exception_ptr&, const auto& path) { has_begun = path.has_value(); });
  EXPECT_TRUE(comes_true([&] { return has_begun; }));
  let_go_of_seals();
}

TEST_F(UploadLoopTest, LeavesNothingOfABeginningWhoseClientHungUp) {
  open();
  hold_disk();
  cancelled(queue->begin(session, "network.har", RecordingKind::kHar));
  EXPECT_EQ(names(), std::vector<std::string>{"held"});
  let_go_of_disk();
  queue.reset();
  open();
  EXPECT_TRUE(names().empty());
}

TEST_F(UploadLoopTest, FinishesAgainWhatWasCutOffWhileItWasSealed) {
  open();
  std::ofstream(begin("network.har").value()) << "x";
  hold_seals();
  cancelled(queue->finish(session, "network.har", {}));
  let_go_of_seals();
  ASSERT_TRUE(run_task(loop, queue->finish(session, "network.har", {})));
  upload("network.har");
  EXPECT_EQ(store.deadlines.size(), 1U);
}

}  // namespace
}  // namespace pbaas::store
