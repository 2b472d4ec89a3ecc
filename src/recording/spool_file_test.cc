#include "recording/spool_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SpoolFile, HasItsLinesOnceTheyAreFlushed) {
  const support::TempFolder folder;
  SpoolFile spool(folder.file("spool"), 1000);
  spool.add("one");
  spool.add("two");
  spool.flush();
  EXPECT_EQ(content(folder.file("spool")), "one\ntwo\n");
}

TEST(SpoolFile, TakesNoMoreThanItsLimit) {
  const support::TempFolder folder;
  SpoolFile spool(folder.file("spool"), 8);
  spool.add("123");
  spool.add("12345");
  spool.add("1");
  EXPECT_EQ(spool.problem(), "longer than 8 bytes");
  EXPECT_EQ(content(folder.file("spool")), "123\n");
}

TEST(SpoolFile, SaysThatTheDiskIsFull) {
  SpoolFile spool("/dev/full", 1000);
  spool.add("line");
  spool.flush();
  EXPECT_EQ(spool.problem(), "cannot write the spool: No space left on device");
  spool.add("another");
}

TEST(SpoolFile, SaysThatItCannotBeOpened) {
  SpoolFile spool("/nowhere/spool", 1000);
  spool.add("line");
  spool.flush();
  EXPECT_EQ(spool.problem(), "cannot open the spool: No such file or directory");
}

}  // namespace
}  // namespace pbaas::recording
