#include "recording/har_spool.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

class HarSpoolTest : public ::testing::Test {
 protected:
  void write_some() {
    HarSpool spool(folder.file("spool"));
    spool.page({{"id", "page_1"}, {"title", "old"}});
    spool.entry(1, 2'000, {{"url", "second"}, {"open", true}});
    spool.entry(2, 1'000, {{"url", "first"}});
    spool.entry(1, 2'000, {{"url", "second"}, {"text", std::string(100'000, 'x')}});
    spool.page({{"id", "page_1"}, {"title", "new"}});
    spool.flush();
  }
  json::object assembled(const std::string& from) {
    const auto made = assemble_har(folder.file(from), folder.file("har"), {"1", "Chrome", "156"});
    EXPECT_TRUE(made);
    std::ifstream file(folder.file("har"));
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object().at("log").as_object();
  }

  support::TempFolder folder;
};

TEST_F(HarSpoolTest, GivesEntriesByTheirStartAndTheLastOfEach) {
  write_some();
  const auto log = assembled("spool");
  const auto& entries = log.at("entries").as_array();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].as_object().at("url"), "first");
  EXPECT_FALSE(entries[1].as_object().contains("open"));
  ASSERT_EQ(log.at("pages").as_array().size(), 1u);
  EXPECT_EQ(log.at("pages").as_array()[0].as_object().at("title"), "new");
}

TEST_F(HarSpoolTest, GivesAHarWhereverTheSpoolIsCut) {
  write_some();
  const auto size = std::filesystem::file_size(folder.file("spool"));
  for (std::uintmax_t cut = 0; cut < size; cut += cut < 300 ? 1 : 997) {
    std::filesystem::copy_file(folder.file("spool"), folder.file("cut"),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(folder.file("cut"), cut);
    const auto log = assembled("cut");
    EXPECT_LE(log.at("entries").as_array().size(), 2u) << cut;
  }
}

TEST_F(HarSpoolTest, SaysWhatCannotBeReadOrWritten) {
  EXPECT_FALSE(assemble_har(folder.file("none"), folder.file("har"), {}));
  write_some();
  EXPECT_FALSE(assemble_har(folder.file("spool"), "/dev/full", {}));
}

}  // namespace
}  // namespace pbaas::recording
