#include "recording/recorder.h"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "browser/launcher_fixture.h"
#include "browser/test_site.h"
#include "recording/har_values.h"
#include "recording/video_rig.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

using namespace browser::testing;
using ::testing::Contains;
using ::testing::UnorderedElementsAreArray;

// Real browsers; the client of the tests speaks on the same pipe.
class RecorderTest : public LauncherFixture {
 protected:
  void SetUp() override {
    SKIP_WITHOUT(kHeadlessShell);
    create(config());
    browser = must_launch();
    site = std::make_unique<TestSite>(loop);
  }
  std::unique_ptr<Recorder> start(session::RecordOptions options, std::string path = {}) {
    RecorderSpec spec{options, path.empty() ? folder.file("session") : path};
    auto started = run_task(loop, Recorder::start(loop, clock, pipe(), std::move(spec), soon()));
    if (!started) throw std::runtime_error(started.error().detail);
    return std::move(*started);
  }
  std::shared_ptr<browser::CdpPipe> pipe() {
    return dynamic_cast<browser::RunningBrowser&>(*browser).pipe();
  }
  Deadline soon() { return Deadline::after(clock, Duration(10'000)); }
  std::vector<RecordingFile> stop(Recorder& recorder) {
    return run_task(loop, recorder.stop(soon()));
  }
  // Whether anybody listens to a page.
  bool has_attached_page() {
    return pages_that([](const boost::json::object& info) { return flag_of(info, "attached"); }) >
           0;
  }
  std::size_t loaded_pages() {
    return pages_that(
        [](const boost::json::object& info) { return text_of(info, "title") == "a page"; });
  }
  template <typename Holds>
  std::size_t pages_that(const Holds& holds) {
    const auto targets = call(*browser, "Target.getTargets");
    std::size_t count = 0;
    for (const auto& each : targets.at("targetInfos").as_array()) {
      const auto& info = each.as_object();
      if (text_of(info, "type") == "page" && holds(info)) ++count;
    }
    return count;
  }
  std::vector<std::string> urls_of(const RecordingFile& har) {
    const auto text = boost::json::parse(read_file(har.path)).as_object();
    std::vector<std::string> urls;
    for (const auto& entry : object_of(text, "log").at("entries").as_array())
      urls.push_back(text_of(object_of(entry.as_object(), "request"), "url"));
    return urls;
  }

  support::TempFolder folder;
  std::unique_ptr<browser::Browser> browser;
  std::unique_ptr<TestSite> site;
};

TEST_F(RecorderTest, RecordsTheFirstRequestAndAPicture) {
  auto recorder = start({session::HarOptions{}, session::VideoOptions{}});
  open_page(*browser, site->url("/page"));
  const auto files = stop(*recorder);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].state, RecordingState::kComplete) << files[0].why;
  EXPECT_THAT(urls_of(files[0]), Contains(site->url("/page")));
  EXPECT_EQ(files[1].state, RecordingState::kComplete) << files[1].why;
  EXPECT_EQ(testing::complaints(files[1].path), "");
}

// Chromium asks for them before it tells of their targets.
TEST_F(RecorderTest, HasTheDocumentsOfPagesThatAreMadeWithTheirUrls) {
  auto recorder = start({session::HarOptions{}, {}});
  std::vector<std::string> urls;
  for (int n = 0; n < 10; ++n) {
    urls.push_back(site->url("/page?" + std::to_string(n)));
    call(*browser, "Target.createTarget", {{"url", urls.back()}});
  }
  while (loaded_pages() < urls.size()) {
  }
  support::run_task(loop, recorder->hear_out(soon()));
  const auto files = stop(*recorder);
  ASSERT_EQ(files.size(), 1u);
  auto recorded = urls_of(files[0]);
  std::erase_if(recorded, [](const std::string& url) { return url.ends_with("/favicon.ico"); });
  EXPECT_THAT(recorded, UnorderedElementsAreArray(urls));
}

TEST_F(RecorderTest, HasWhatHappenedUntilTheBrowserWasKilled) {
  auto recorder = start({session::HarOptions{}, session::VideoOptions{}});
  open_page(*browser, site->url("/page"));
  // An encoder that was given a picture has begun its file.
  const auto has_picture = [&] {
    return !read_file(folder.file("session/video.0.part.webm")).empty();
  };
  ASSERT_TRUE(run_until(loop, has_picture));
  browser->kill();
  const auto files = stop(*recorder);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_THAT(urls_of(files[0]), Contains(site->url("/page")));
  EXPECT_EQ(testing::complaints(files[1].path), "");
}

TEST_F(RecorderTest, LeavesTheBrowserToItsClientWhenItIsGivenUp) {
  auto recorder = start({session::HarOptions{}, session::VideoOptions{}});
  recorder.reset();
  EXPECT_FALSE(has_attached_page());
  const auto page = open_page(*browser, site->url("/page"));
  // A recorder would be told of it in one event, longer than what the pipe takes without one.
  EXPECT_EQ(evaluate(*browser, page,
                     "fetch('data:text/plain,' + 'x'.repeat(5 << 20))"
                     ".then((response) => response.text()).then((text) => text.length)"),
            5 << 20);
  EXPECT_TRUE(pipe()->is_open());
  EXPECT_EQ(evaluate(*browser, page, "1 + 1"), 2);
}

TEST_F(RecorderTest, IsTruncatedByAFullDiskAndLeavesTheSessionAlone) {
  const std::string small = folder.file("small");
  std::filesystem::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "a small disk can be made by root alone";
  }
  auto recorder = start({session::HarOptions{}, session::VideoOptions{}}, small + "/session");
  {
    std::ofstream(small + "/filling") << std::string(1 << 20, 'x');
  }
  const auto page = open_page(*browser, site->url("/page"));
  // More than the spool took for itself at its start.
  evaluate(*browser, page,
           "Promise.all([...Array(50).keys()].map("
           "(n) => fetch('/page?' + 'x'.repeat(2000) + n).then((response) => response.text())))");
  // Long enough for a busy machine to bring the first frames, which is when the encoder finds out.
  run_until(loop, [] { return false; }, milliseconds(3'000));
  const auto files = stop(*recorder);
  EXPECT_EQ(evaluate(*browser, page, "1 + 1"), 2);
  recorder.reset();
  ::umount(small.c_str());
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].state, RecordingState::kTruncated);
  EXPECT_EQ(files[0].why, "cannot write the spool: No space left on device");
  EXPECT_NE(files[1].state, RecordingState::kComplete);
  EXPECT_EQ(files[1].why, "the disk is full");
}

TEST_F(RecorderTest, DoesNotStartInAFolderThatCannotBeMade) {
  RecorderSpec spec{{session::HarOptions{}, {}}, "/proc/nothing"};
  const auto started =
      run_task(loop, Recorder::start(loop, clock, pipe(), std::move(spec), soon()));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().fault, Fault::kInternal);
}

TEST_F(RecorderTest, DoesNotStartOnABrowserThatIsGone) {
  pipe()->close();
  RecorderSpec spec{{session::HarOptions{}, {}}, folder.file("session")};
  const auto started =
      run_task(loop, Recorder::start(loop, clock, pipe(), std::move(spec), soon()));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().fault, Fault::kBrowserUnreachable);
}

}  // namespace
}  // namespace pbaas::recording
