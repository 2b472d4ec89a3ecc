// A browser that was ordered from the launcher process: its address once it has said it, its pipe,
// its health and its end. Owned by the task that launches it, then by whoever asked. Loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "browser/cdp_pipe.h"
#include "browser/cgroups.h"
#include "browser/command_line.h"
#include "browser/health.h"
#include "browser/init_line.h"
#include "browser/launcher.h"
#include "browser/launcher_line.h"
#include "browser/stderr_tail.h"
#include "egress/egress_pool.h"
#include "net/event.h"

namespace pbaas::browser {

class RunningBrowser final : public Browser, private BrowserListener {
 public:
  // Whose it is may change once, from nobody's to a session's: see `assign`.
  RunningBrowser(net::Loop& loop, const Clock& clock, std::shared_ptr<LauncherLine> line,
                 const LaunchSpec& launch);
  ~RunningBrowser();

  // Before `order`: `command` makes its sandbox, with an init inside.
  void in_sandbox(std::vector<std::string> command, LauncherConfig::OpenEgress open_egress);
  // Before `order`: the cgroup that the launcher process makes for it, if it can.
  void counted_by(Cgroup cgroup) { cgroup_ = std::move(cgroup); }
  // Orders the start. Errors: kLaunchFailed.
  Status order(const CommandLine& line, const std::string& folder_name);
  // Waits until Chromium says where it listens. Errors: kLaunchFailed with what it wrote.
  net::Task<Status> ready(Deadline deadline);
  // Kills it and returns when nothing of it is left, or at the deadline.
  net::Task<void> leave(Deadline deadline);
  void watch_health(HealthSpec spec);

  const session::BrowserAddress& address() const override { return address_; }
  int pid() const override { return pid_; }
  void on_exit(std::function<void(BrowserExit)> callback) override;
  void kill() override;
  net::Task<bool> answers(Deadline deadline) override;
  void assign(const LaunchSpec& spec) override;
  net::Dialer dialer() const override;
  session::ResourceUse use() override;
  // Null before `order`.
  std::shared_ptr<CdpPipe> pipe() const override { return pipe_; }

 private:
  void on_started(pid_t pid) override;
  void on_start_failed(const std::string& detail) override;
  void on_gone(const Gone& gone) override;
  void on_line_lost() override;
  void end(BrowserExit exit);
  ExitCause cause_of(int wait_status) const;
  void on_init_news(InitNews news);
  void open_egress(UniqueFd listener);

  net::Loop& loop_;
  const Clock& clock_;
  std::shared_ptr<LauncherLine> line_;
  egress::EgressSpec owner_;  // whose it is, and the proxy that this one has asked for
  net::Event news_;           // The address is known, or the browser has ended.
  net::Event gone_;
  std::optional<std::uint64_t> id_;
  int pid_ = 0;
  bool is_hung_ = false;
  bool is_killed_ = false;
  session::BrowserAddress address_;
  std::shared_ptr<CdpPipe> pipe_;
  std::unique_ptr<StderrTail> stderr_;
  std::unique_ptr<HealthWatch> health_;
  std::vector<std::string> sandbox_;
  LauncherConfig::OpenEgress open_egress_;
  std::unique_ptr<egress::SessionEgress> egress_;
  Cgroup cgroup_;
  CgroupUse counted_;
  session::ResourceUse before_;  // it was this session's
  session::ResourceUse use_;
  std::shared_ptr<InitLine> init_;
  std::optional<int> init_wait_status_;  // Chromium's, as its init saw it
  std::string limit_;                    // the one that it reached, if so
  std::string why_killed_;               // by us, where its exit says nothing
  std::optional<BrowserExit> exit_;
  std::function<void(BrowserExit)> callback_;
};

}  // namespace pbaas::browser
