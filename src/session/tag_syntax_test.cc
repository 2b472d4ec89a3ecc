#include "session/tag_syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::session {
namespace {

TEST(LanguageTag, IsTaken) {
  for (const char* tag : {"en", "fr-FR", "zh-Hant-TW", "es-419", "de-CH-1996", "sr-Latn-RS",
                          "en-US-u-ca-gregory", "en-x-mine"})
    EXPECT_TRUE(is_language_tag(tag)) << tag;
}

TEST(LanguageTag, IsNotTaken) {
  for (const char* tag :
       {"", "e", "fr_FR", "fr-", "-fr", "fr--FR", "fr FR", "f1", "123", "fr-FR;q=1", "en-u",
        "toolonglanguage", "en-toolongsubtag", "fr\n", "--no-sandbox"})
    EXPECT_FALSE(is_language_tag(tag)) << tag;
  EXPECT_FALSE(is_language_tag("en" + std::string(40, '-') + "US"));
  EXPECT_FALSE(is_language_tag("en-abcdefg-abcdefg-abcdefg-abcdefg-abcdefg"));
}

TEST(TimezoneName, IsTaken) {
  for (const char* name : {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
                           "America/Port-au-Prince", "EST5EDT"})
    EXPECT_TRUE(is_timezone_name(name)) << name;
}

TEST(TimezoneName, IsNotTaken) {
  for (const char* name : {"", "/", "Europe/", "/Europe", "Europe//Paris", "../etc/passwd",
                           "Europe/../x", ":UTC", "Europe/Par is", "Europe/Paris\n", "+05:00"})
    EXPECT_FALSE(is_timezone_name(name)) << name;
  EXPECT_FALSE(is_timezone_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace pbaas::session
