#include "store/session_log_sqlite.h"

#include <gtest/gtest.h>

#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using support::run_task;

TEST(SqliteSessionLog, KeepsWhatWasRecorded) {
  support::TempFolder folder;
  net::Loop loop;
  auto log = SqliteSessionLog::open(loop, folder.file("sessions.db"));
  ASSERT_TRUE(log) << log.error().detail;
  session::Session session{.id = SessionId::random()};
  session.options.viewport = session::Viewport{800, 600, 1.5};
  (*log)->record(session);
  ASSERT_TRUE(run_task(loop, (*log)->flush()));
  auto found = run_task(loop, (*log)->find(session.id));
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(*found, session);
}

}  // namespace
}  // namespace pbaas::store
