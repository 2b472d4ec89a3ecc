// The recordings that this worker makes: of each session that asks for it a Recorder, from before
// its client has the browser until its browser is gone, and its files, handed to the UploadQueue.
// What a process before this one left is finished at the start. Owned by main; loop thread only;
// the queue must outlive it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "browser/cdp_pipe.h"
#include "net/task_group.h"
#include "recording/recorder.h"
#include "store/blocking_thread.h"
#include "store/upload_queue.h"

namespace pbaas::worker {

struct RecordingTimes {
  // Of a create: what the disk has not taken by then does not begin.
  Duration begin{5'000};
  // After that: a browser that does not let itself be recorded by then is not.
  Duration start{5'000};
  // What the browser still has to tell at its session's end.
  Duration last_words{1'500};
  // For encoders to end in, before they are killed: on a busy machine they are the last to get a
  // turn, and nobody waits for them but the end of the program.
  Duration encoders{30'000};
  // For their files to be made in, after that.
  Duration assembly{60'000};
};

class Recordings {
 public:
  Recordings(net::Loop& loop, const Clock& clock, store::UploadQueue& queue, std::string version,
             RecordingTimes times = {});
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;

  // One session's, from `start` on.
  class Running;

  // Whether a new session may be recorded. Errors: kRecordingsFull, saying what is full.
  Status may_record() const { return queue_.may_record(); }
  // Returns once what the browser does is recorded. Where that cannot be, its recordings have
  // failed and the session goes on without: it gives nothing then.
  net::Task<std::shared_ptr<Running>> start(SessionId session, session::RecordOptions options,
                                            std::shared_ptr<browser::CdpPipe> pipe);
  // Done when the browser may go: its last words are recorded. The files are made after that, by
  // a task of ours.
  net::Task<void> finish(std::shared_ptr<Running> running);

  // Makes files of what a former process left, one session after another.
  void finish_left_over();
  // Done when no files are being made any more, but by threads that are stuck.
  net::Task<void> settled(Deadline deadline);
  // Threads that a dead disk holds up for longer than anybody waits. They may wake at any time: the
  // program must leave without taking itself down.
  std::size_t stuck() const { return stuck_; }

 private:
  net::Task<Status> record(Running& running, std::shared_ptr<browser::CdpPipe> pipe);
  net::Task<void> begin(Running& running, Result<std::string>& folder);
  void give_up(const Running& running, const std::string& why);
  net::Task<void> fail(SessionId session, std::set<std::string> names, std::string why);
  net::Task<void> hand_over(SessionId session, std::vector<recording::RecordingFile> files,
                            std::set<std::string> names);
  net::Task<void> hand_over(SessionId session, recording::RecordingFile file);
  net::Task<void> make_files(std::shared_ptr<Running> running);
  net::Task<void> finish_interrupted();
  net::Task<void> finish_interrupted(store::Recording recording, std::string why);

  net::Loop& loop_;
  const Clock& clock_;
  store::UploadQueue& queue_;
  const std::string version_;
  const RecordingTimes times_;
  std::size_t stuck_ = 0;
  net::TaskGroup tasks_;
  store::BlockingThread left_over_;
};

}  // namespace pbaas::worker
