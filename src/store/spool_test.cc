#include "store/spool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/full_disk.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using session::Session;

// What a disk does that cannot read a file; root could read it whatever its mode.
void make_unreadable(const std::string& path) {
  std::filesystem::rename(path, path + ".hidden");
  std::filesystem::create_directory(path);
}

class SpoolTest : public testing::Test {
 protected:
  std::unique_ptr<Spool> open(std::size_t bytes_max = 1 << 20) {
    next_ = 0;
    return Spool::open(path_, bytes_max).value();
  }

  WrittenState state(const Spool& spool) {
    return {Session{.id = SessionId::random()}, {spool.epoch(), next_++}};
  }

  // Appends so many, one by one, and gives their sessions.
  std::vector<SessionId> append(Spool& spool, int count) {
    std::vector<SessionId> ids;
    for (int n = 0; n < count; ++n) {
      const auto made = state(spool);
      ids.push_back(made.session.id);
      EXPECT_TRUE(spool.append({made}));
    }
    return ids;
  }

  // All that is to be delivered, delivered.
  static std::vector<SessionId> deliver(Spool& spool, std::size_t at_once = 7) {
    std::vector<SessionId> ids;
    for (;;) {
      const auto states = spool.next(at_once).value();
      if (states.empty()) return ids;
      for (const auto& each : states) ids.push_back(each.session.id);
      spool.delivered();
    }
  }

  // The files with states below the spool's folder.
  std::vector<std::string> files() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
      if (entry.path().extension() == ".spool") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  support::TempFolder folder_;
  const std::string path_ = folder_.file("data/spool");
  std::int64_t next_ = 0;
};

TEST_F(SpoolTest, GivesWhatWasAppendedInOrder) {
  const auto spool = open();
  const auto ids = append(*spool, 50);
  EXPECT_EQ(deliver(*spool), ids);
  EXPECT_TRUE(spool->empty());
}

TEST_F(SpoolTest, GivesTheSameAgainUntilItIsDelivered) {
  const auto spool = open();
  append(*spool, 5);
  const auto first = spool->next(3).value();
  const auto again = spool->next(3).value();
  EXPECT_EQ(first[0].session, again[0].session);
  EXPECT_EQ(first.size(), 3U);
}

TEST_F(SpoolTest, GivesWhatAProcessLeftToTheNextWithItsNumbers) {
  auto spool = open();
  const auto left = append(*spool, 3);
  const auto epoch = spool->epoch();
  spool.reset();
  const auto next = open();
  const auto mine = append(*next, 2);
  EXPECT_TRUE(next->has_leftovers());
  const auto states = next->next(10).value();
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[2].session.id, left[2]);
  EXPECT_EQ(states[2].key.epoch, epoch);
  EXPECT_EQ(states[2].key.seq, 2);
  next->delivered();
  EXPECT_EQ(deliver(*next), mine);
  EXPECT_FALSE(next->has_leftovers());
}

TEST_F(SpoolTest, LeavesTheFolderOfAProcessThatLives) {
  const auto one = open();
  const auto ids = append(*one, 3);
  const auto other = open();
  EXPECT_FALSE(other->has_leftovers());
  EXPECT_EQ(deliver(*one), ids);
}

TEST_F(SpoolTest, LeavesNoFileWhereAllIsDelivered) {
  auto spool = open();
  append(*spool, 3);
  deliver(*spool);
  spool.reset();
  EXPECT_TRUE(files().empty());
}

TEST_F(SpoolTest, RemovesEachFileWhenItIsDelivered) {
  const auto spool = open(100 << 20);
  std::vector<SessionId> ids;
  while (files().size() < 3) {
    std::vector<WrittenState> many;
    for (int n = 0; n < 500; ++n) many.push_back(state(*spool));
    for (const auto& each : many) ids.push_back(each.session.id);
    ASSERT_TRUE(spool->append(many));
  }
  std::vector<SessionId> delivered;
  while (files().size() == 3) {
    const auto states = spool->next(500).value();
    for (const auto& each : states) delivered.push_back(each.session.id);
    spool->delivered();
  }
  EXPECT_LT(delivered.size(), ids.size());
  for (const auto& id : deliver(*spool, 500)) delivered.push_back(id);
  EXPECT_EQ(delivered, ids);
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(SpoolTest, TakesNoMoreThanItsLimitAndMoreAgainWhenThatIsDelivered) {
  const auto spool = open(4096);
  int appended = 0;
  while (spool->append({state(*spool)})) ++appended;
  EXPECT_GT(appended, 3);
  EXPECT_LE(spool->bytes(), 4096U);
  EXPECT_GT(spool->bytes(), 0U);
  deliver(*spool);
  EXPECT_EQ(spool->bytes(), 0U);
  EXPECT_EQ(append(*spool, appended).size(), static_cast<std::size_t>(appended));
}

TEST_F(SpoolTest, GivesAllThatIsWholeOfATornFile) {
  auto spool = open();
  auto ids = append(*spool, 4);
  spool.reset();
  const auto file = files().at(0);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 10);
  ids.pop_back();
  const auto next = open();
  EXPECT_EQ(deliver(*next, 100), ids);
  EXPECT_FALSE(next->has_leftovers());
}

TEST_F(SpoolTest, PassesOverWhatIsBrokenInTheMiddle) {
  auto spool = open();
  auto ids = append(*spool, 4);
  spool.reset();
  std::fstream(files().at(0), std::ios::in | std::ios::out).seekp(30) << std::string(50, '\0');
  ids.erase(ids.begin());
  EXPECT_EQ(deliver(*open(), 100), ids);
}

TEST_F(SpoolTest, GivesNothingOfAFileThatIsNone) {
  auto spool = open();
  append(*spool, 1);
  spool.reset();
  std::ofstream(files().at(0)) << std::string(100'000, 'x');
  const auto next = open();
  EXPECT_TRUE(deliver(*next).empty());
  EXPECT_FALSE(next->has_leftovers());
}

TEST_F(SpoolTest, FindsTheNewestStateUntilItIsDelivered) {
  const auto spool = open();
  auto made = state(*spool);
  ASSERT_TRUE(spool->append({made}));
  made.key.seq = next_++;
  made.session.start("worker-1", "epoch-1");
  ASSERT_TRUE(spool->append({made}));
  EXPECT_EQ(spool->find(made.session.id), made.session);
  EXPECT_FALSE(spool->find(SessionId::random()));
  ASSERT_EQ(spool->next(1).value().size(), 1U);
  spool->delivered();
  EXPECT_EQ(spool->find(made.session.id), made.session);
  deliver(*spool);
  EXPECT_FALSE(spool->find(made.session.id));
}

TEST_F(SpoolTest, AppendsAllOrNothingWhenTheDiskIsFull) {
  const auto spool = open();
  auto ids = append(*spool, 2);
  std::vector<WrittenState> many;
  for (int n = 0; n < 100; ++n) many.push_back(state(*spool));
  {
    const support::FullDisk full(4096);
    const auto appended = spool->append(many);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().fault, Fault::kStoreUnavailable);
  }
  const auto after = append(*spool, 2);
  ids.insert(ids.end(), after.begin(), after.end());
  EXPECT_EQ(deliver(*spool), ids);
}

TEST_F(SpoolTest, SaysWhereItCannotBeMade) {
  std::ofstream(folder_.file("file")) << "x";
  const auto spool = Spool::open(folder_.file("file/spool"), 1000);
  ASSERT_FALSE(spool);
  EXPECT_NE(spool.error().detail.find("file/spool"), std::string::npos);
}

TEST_F(SpoolTest, PassesOverAFileThatCannotBeRead) {
  {
    const auto killed = open();
    append(*killed, 3);
  }
  const auto spool = open();
  const auto ids = append(*spool, 2);
  make_unreadable(files().front());
  int failed = 0;
  for (auto states = spool->next(7); !states && failed < 100; states = spool->next(7)) ++failed;
  EXPECT_GT(failed, 0) << "a disk may fail for a moment";
  EXPECT_EQ(deliver(*spool), ids);
  EXPECT_TRUE(spool->empty());
}

TEST_F(SpoolTest, GoesOnInAnotherFileWhenItsOwnCannotBeRead) {
  const auto spool = open();
  const auto lost = append(*spool, 2);
  make_unreadable(files().front());
  while (!spool->next(7)) continue;
  EXPECT_EQ(spool->bytes(), 0U);
  EXPECT_FALSE(spool->find(lost.front()));
  const auto ids = append(*spool, 2);
  EXPECT_EQ(deliver(*spool), ids);
}

TEST_F(SpoolTest, PassesOverAFileThatIsGone) {
  const auto spool = open();
  append(*spool, 2);
  std::filesystem::remove(files().front());
  EXPECT_EQ(deliver(*spool), std::vector<SessionId>{});
  const auto ids = append(*spool, 1);
  EXPECT_EQ(deliver(*spool), ids);
}

}  // namespace
}  // namespace pbaas::store
