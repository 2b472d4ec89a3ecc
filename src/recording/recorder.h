// A Recorder records one session of a browser over the browser's own pipe, so that its clients see
// nothing of it. It works on a thread of its own, at low priority; the loop only hands messages
// over and never waits. Owned by the live session; loop only.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "browser/cdp_pipe.h"
#include "net/task.h"
#include "recording/recording_file.h"
#include "session/record_options.h"

namespace pbaas::recording {

struct RecorderSpec {
  session::RecordOptions options;
  std::string folder;  // of this session alone; made where it is not there
  std::string ffmpeg = "/usr/bin/ffmpeg";
  std::string version{};  // of this program, for the HAR
  // For the files to be made in, once encoders are killed: reading and writing half a gigabyte at
  // low priority.
  Duration assembly_time{60'000};
};

class Recorder {
 public:
  using Pipe = std::shared_ptr<browser::CdpPipe>;

  // Returns once what the browser does is recorded. Cancelling it leaves nothing behind but the
  // folder. Errors: kBrowserUnreachable, kInternal where the folder cannot be made.
  static net::Task<Result<std::unique_ptr<Recorder>>> start(net::Loop& loop, const Clock& clock,
                                                            Pipe pipe, RecorderSpec spec,
                                                            Deadline deadline);
  // Without `stop` the recording is given up: its files can be made of its folder later. It never
  // waits: a thread that a dead disk holds up is left behind, and touches nothing of the loop's any
  // more, but the clock.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Done when it has heard the last that its browser, which may go then, has to tell; at the
  // deadline in any case. To be called before `stop`, or not at all.
  net::Task<void> hear_out(Deadline deadline);
  // Ends the recording and makes its files; gives none where that takes longer than `assembly_time`
  // after the deadline, by which encoders are killed. It may be called when the browser is gone; to
  // be called once.
  net::Task<std::vector<RecordingFile>> stop(Deadline deadline);
  // The files after all, where `stop` gave none: waits for its thread, however long it is held up.
  net::Task<std::vector<RecordingFile>> files_at_last();
  // Whether its thread is done, or as good as that.
  bool has_ended() const;

 private:
  struct Job;
  struct LoopSide;
  Recorder(std::shared_ptr<Job> job, std::shared_ptr<LoopSide> side);
  net::Task<void> give_up(Deadline deadline);
  void cut_off();
  static void leave(const Job& job, LoopSide& side);
  static void run(const std::shared_ptr<Job>& job);
  static void record(const std::shared_ptr<Job>& job);

  std::shared_ptr<Job> job_;        // shared with its thread
  std::shared_ptr<LoopSide> side_;  // shared with what the thread posts to the loop
  std::thread thread_;
};

}  // namespace pbaas::recording
