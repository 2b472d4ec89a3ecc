#include "egress/failure.h"

#include <gtest/gtest.h>

#include <set>

#include "egress/response_head.h"

namespace pbaas::egress {
namespace {

TEST(Failure, IsAWholeResponseOfItsLength) {
  const auto text =
      failure_response({FailureKind::kRefusedAddress, AddressKind::kPrivate}, "a.example:80");
  const auto length = response_head_length(text);
  const auto head = read_response_head(text.substr(0, length), false);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 403);
  EXPECT_EQ(head->body.length, text.size() - length);
  EXPECT_FALSE(head->keep_alive);
}

TEST(Failure, SaysWhereAndWhyToPeopleAndMachines) {
  const auto text =
      failure_response({FailureKind::kRefusedAddress, AddressKind::kMetadata}, "a.example:80");
  EXPECT_NE(text.find("Proxy-Status: pbaas; error=destination_ip_prohibited; details=\"metadata\""),
            std::string::npos);
  EXPECT_NE(text.find("<code>a.example:80</code> metadata"), std::string::npos);
}

TEST(Failure, EachKindHasItsOwnWord) {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(FailureKind::kAnswerTimeout); ++kind)
    words.insert(Failure{static_cast<FailureKind>(kind)}.word());
  EXPECT_EQ(words.size(), static_cast<std::size_t>(FailureKind::kAnswerTimeout) + 1);
}

TEST(Failure, OnlyWhatWasForbiddenIsARefusal) {
  EXPECT_TRUE((Failure{FailureKind::kRefusedAddress, AddressKind::kPrivate}.is_refusal()));
  EXPECT_TRUE(Failure{FailureKind::kTooManyConnections}.is_refusal());
  EXPECT_FALSE(Failure{FailureKind::kNameNotFound}.is_refusal());
}

}  // namespace
}  // namespace pbaas::egress
