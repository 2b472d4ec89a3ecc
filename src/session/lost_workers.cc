#include "session/lost_workers.h"

namespace pbaas::session {
namespace {

std::string_view to_word(ProbeAnswer answer) {
  switch (answer) {
    case ProbeAnswer::kSameEpoch:
      return "itself";
    case ProbeAnswer::kOtherEpoch:
      return "another run";
    case ProbeAnswer::kRefused:
      return "refused";
    case ProbeAnswer::kNone:
      return "nothing";
  }
  return "";
}

std::string age(Instant since, Instant now) {
  return std::to_string((now - since).count()) + " ms";
}

}  // namespace

void LostWorkers::watch(const std::vector<WorkerRun>& open) {
  for (auto& [run, seen] : runs_) seen.watched = false;
  for (const auto& run : open) runs_[run].watched = true;
  std::erase_if(runs_,
                [](const auto& each) { return !each.second.watched && !each.second.present; });
}

void LostWorkers::fleet_answered(const std::vector<ReportedRun>& present, Instant now) {
  checked_ = now;
  for (auto& [run, seen] : runs_) seen.present = false;
  for (const auto& reported : present) {
    auto& seen = runs_[reported.run];
    seen.present = true;
    seen.address = reported.address;
  }
  for (auto& [run, seen] : runs_) {
    seen.answer.reset();
    seen.missing_checks = seen.present ? 0 : seen.missing_checks + 1;
    if (seen.present) seen.missing_since.reset();
    if (!seen.present && !seen.missing_since) seen.missing_since = now;
  }
}

void LostWorkers::fleet_silent() {
  checked_.reset();
  for (auto& [run, seen] : runs_) {
    seen.present = false;
    seen.missing_since.reset();
    seen.missing_checks = 0;
    seen.answer.reset();
  }
}

std::optional<std::string> LostWorkers::address_to_ask(const WorkerRun& run) const {
  const auto found = runs_.find(run);
  if (found == runs_.end()) return std::nullopt;
  const auto& seen = found->second;
  if (seen.present || seen.replaced || seen.address.empty()) return std::nullopt;
  return seen.address;
}

void LostWorkers::answered(const WorkerRun& run, ProbeAnswer answer, Instant asked) {
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  auto& seen = found->second;
  if (answer == ProbeAnswer::kOtherEpoch) seen.replaced = true;
  seen.answer = answer;
  seen.asked = asked;
}

RunVerdict LostWorkers::verdict(const WorkerRun& run) const {
  const auto found = runs_.find(run);
  if (found == runs_.end()) return RunVerdict::kUnknown;
  const auto& seen = found->second;
  if (seen.replaced) return RunVerdict::kLost;
  if (seen.present || seen.answer == ProbeAnswer::kSameEpoch) return RunVerdict::kAlive;
  // The fleet's silence alone loses nobody.
  if (!seen.missing_since) return RunVerdict::kUnknown;
  return missing_long_enough(seen) ? RunVerdict::kLost : RunVerdict::kUnknown;
}

bool LostWorkers::missing_long_enough(const Seen& seen) const {
  if (seen.address.empty()) {
    return seen.missing_checks >= kAbsentChecks && *checked_ - *seen.missing_since >= absence_max();
  }
  // An answer to a question from before the run was missing says nothing about it now.
  if (!seen.answer || seen.asked < *seen.missing_since) return false;
  if (seen.answer == ProbeAnswer::kRefused) return true;
  return seen.missing_checks >= kSilentChecks && seen.asked - *seen.missing_since >= silence_max();
}

std::string LostWorkers::describe(Instant now) const {
  std::string text = checked_ ? "fleet asked " + age(*checked_, now) + " ago; " : "fleet silent; ";
  for (const auto& [run, seen] : runs_) {
    text += run.worker + "/" + run.epoch + " at " + (seen.address.empty() ? "?" : seen.address);
    if (seen.watched) text += ", has sessions";
    if (seen.present) text += ", present";
    if (seen.missing_since) {
      text += ", missing at " + std::to_string(seen.missing_checks) + " checks for " +
              age(*seen.missing_since, now);
    }
    if (seen.answer) {
      text += ", answered ";
      text += to_word(*seen.answer);
      text += " " + age(seen.asked, now) + " ago";
    }
    if (seen.replaced) text += ", replaced";
    text += "; ";
  }
  return text;
}

}  // namespace pbaas::session
