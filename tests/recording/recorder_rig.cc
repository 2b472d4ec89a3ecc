// Starts a browser and records it, for tests from outside and measurements:
//   recorder_rig FOLDER RECORD_JSON [headless-shell|chromium]
// RECORD_JSON is the field `record` of POST /session; null records nothing. It prints one line of
// JSON with the browser's port, and for each line "stop" or the end of its input one with the
// files. Then it leaves.
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <exception>
#include <iostream>

#include "browser/running_browser.h"
#include "net/as_tuple.h"
#include "recording/recorder.h"

namespace {

namespace json = boost::json;
using namespace pbaas;

struct Rig {
  net::Loop loop;
  SystemClock clock;
  std::unique_ptr<browser::Launcher> launcher;
  std::string folder;
  std::optional<session::RecordOptions> record;
  session::BrowserKind kind = session::BrowserKind::kHeadlessShell;
};

void say(const json::object& line) {
  std::cout << json::serialize(line) << std::endl;
}

json::array files_json(const std::vector<recording::RecordingFile>& files) {
  json::array list;
  for (const auto& file : files) {
    list.push_back({{"kind", to_word(file.kind)},
                    {"state", to_word(file.state)},
                    {"why", file.why},
                    {"path", file.path},
                    {"bytes", file.bytes},
                    {"duration", double(file.duration.count()) / 1000}});
  }
  return list;
}

json::object usage_json(int who) {
  rusage used{};
  ::getrusage(who, &used);
  const auto seconds = [](timeval time) {
    return double(time.tv_sec) + double(time.tv_usec) / 1e6;
  };
  return {{"cpu_s", seconds(used.ru_utime) + seconds(used.ru_stime)}, {"rss_kb", used.ru_maxrss}};
}

net::Task<void> wait_for_line(net::Loop& loop) {
  boost::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  boost::asio::streambuf line;
  co_await boost::asio::async_read_until(input, line, '\n', net::kAsTuple);
}

net::Task<void> run(Rig& rig) {
  browser::LaunchSpec order{SessionId::random(), {}};
  order.options.browser = rig.kind;
  const auto due = Deadline::after(rig.clock, Duration(20'000));
  auto browser = co_await rig.launcher->launch(std::move(order), due);
  if (!browser) throw std::runtime_error(browser.error().detail);
  auto& running = dynamic_cast<browser::RunningBrowser&>(**browser);
  std::unique_ptr<recording::Recorder> recorder;
  if (rig.record) {
    recording::RecorderSpec spec{*rig.record, rig.folder};
    auto started = co_await recording::Recorder::start(rig.loop, rig.clock, running.pipe(),
                                                       std::move(spec), due);
    if (!started) throw std::runtime_error(started.error().detail);
    recorder = std::move(*started);
  }
  say({{"port", running.address().debug_port}, {"pid", running.pid()}});
  co_await wait_for_line(rig.loop);
  json::object result;
  if (recorder) {
    const auto began = rig.clock.now();
    const auto by = Deadline::after(rig.clock, Duration(10'000));
    const auto files = co_await recorder->stop(by);
    result["files"] = files_json(files);
    result["stop_s"] = double((rig.clock.now() - began).count()) / 1000;
  }
  result["own"] = usage_json(RUSAGE_SELF);
  result["encoder"] = usage_json(RUSAGE_CHILDREN);
  say(result);
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  Rig rig;
  rig.folder = words[1];
  if (std::string_view(words[2]) != "null") {
    rig.record = session::read_record_options(json::parse(words[2])).value();
  }
  if (count > 3) rig.kind = session::browser_kind_from_word(words[3]).value();
  std::string run_dir = "/dev/shm/recorder-rig-XXXXXX";
  if (!::mkdtemp(run_dir.data()) || ::chmod(run_dir.c_str(), 0755) != 0) return 1;
  browser::LauncherConfig config;
  config.headless_shell = "/usr/lib/chromium/chromium-headless-shell";
  config.chromium = "/usr/lib/chromium/chromium";
  config.run_dir = run_dir;
  // Tests connect to the browser's port themselves, and it to their servers: in a sandbox neither
  // could, and what Chromium tells would be of its egress proxy.
  config.isolation = browser::Isolation::kNone;
  rig.launcher = std::move(browser::Launcher::create(rig.loop, rig.clock, config)).value();
  int status = 0;
  boost::asio::co_spawn(rig.loop, run(rig), [&](std::exception_ptr escaped) {
    try {
      if (escaped) std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      std::cerr << error.what() << std::endl;
      status = 1;
    }
    rig.loop.stop();
  });
  rig.loop.run();
  rig.launcher.reset();
  ::rmdir(run_dir.c_str());
  return status;
}
