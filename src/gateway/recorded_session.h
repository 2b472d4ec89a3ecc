// What was recorded of a session, as a client may ask for it: by the session's owner, from the
// session log and the object store alone. Made for one request; loop thread only.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "gateway/api.h"

namespace pbaas::gateway {

class RecordedSession {
 public:
  // Errors: kNoSuchSession, also for a stranger; kNotImplemented where this service records
  // nothing; kStoreUnavailable.
  static net::Task<Result<RecordedSession>> find(const net::Request& request, Api& api);

  // Those that are there or being made, by name.
  const std::vector<store::Recording>& recordings() const { return recordings_; }
  // Errors: kNoSuchRecording.
  Result<store::Recording> recording(const std::string& name) const;
  // Removes it from log and store; again: from the store, where it may have come since. Errors:
  // kNoSuchRecording for what never was, kRecordingNotReady while it is made, kStoreUnavailable.
  net::Task<Status> remove(Api& api, const std::string& name);
  // The same of all of them.
  net::Task<Status> remove_all(Api& api);

 private:
  RecordedSession(session::Session session, const std::vector<store::Recording>& rows);
  net::Task<Status> remove_one(Api& api, store::Recording recording) const;
  bool is_live() const { return session_.status != session::SessionStatus::kEnded; }

  session::Session session_;
  std::vector<store::Recording> recordings_;
  std::vector<std::string> removed_;
};

// As the API shows it.
boost::json::object to_json(const store::Recording& recording);

}  // namespace pbaas::gateway
