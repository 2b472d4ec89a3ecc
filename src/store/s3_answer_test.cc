#include "store/s3_answer.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

TEST(S3Answer, HasTheCodeOfAnError) {
  const auto fault = read_fault(
      "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
      "<Region>eu-west-1</Region></Error>");
  EXPECT_EQ(fault.code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(fault.region, "eu-west-1");
}

TEST(S3Answer, HasNoCodeThatCannotBeShown) {
  EXPECT_EQ(read_fault("<Error><Code>a\nb</Code></Error>").code, "");
  EXPECT_EQ(read_fault("<Error><Code>" + std::string(100, 'a') + "</Code></Error>").code, "");
  EXPECT_EQ(read_fault("<html>502 Bad Gateway</html>").code, "");
  EXPECT_EQ(read_fault("").code, "");
}

TEST(S3Answer, HasTheIdOfAnUpload) {
  EXPECT_EQ(read_upload_id("<InitiateMultipartUploadResult><UploadId>2~x</UploadId>"
                           "</InitiateMultipartUploadResult>"),
            "2~x");
  EXPECT_FALSE(read_upload_id("<InitiateMultipartUploadResult/>"));
  EXPECT_FALSE(read_upload_id("<Other><UploadId>x</UploadId></Other>"));
}

TEST(S3Answer, TellsACompletionFromAnErrorUnderA200) {
  EXPECT_EQ(read_completed("<CompleteMultipartUploadResult><ETag>&quot;a-2&quot;</ETag>"
                           "</CompleteMultipartUploadResult>"),
            "\"a-2\"");
  EXPECT_FALSE(read_completed("<Error><Code>InternalError</Code></Error>"));
}

TEST(S3Answer, ListsUploadsAndWhereTheNextPageBegins) {
  const auto page = read_uploads(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k2</NextKeyMarker>"
      "<NextUploadIdMarker>u2</NextUploadIdMarker><Upload><Key>k1</Key><UploadId>u1</UploadId>"
      "<Initiated>2026-01-31T12:00:00.123Z</Initiated></Upload><Upload><Key>k2</Key>"
      "<UploadId>u2</UploadId><Initiated>never</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->uploads.size(), 2U);
  EXPECT_EQ(page->uploads[0].id, "u1");
  EXPECT_EQ(page->uploads[0].begun_at, WallTime{std::chrono::seconds(1'769'860'800)});
  EXPECT_FALSE(page->uploads[1].begun_at);
  EXPECT_EQ(page->next_key, "k2");
  EXPECT_EQ(page->next_id, "u2");
}

TEST(S3Answer, WritesTheCompletionOfParts) {
  EXPECT_EQ(write_completion({{1, "\"a\""}, {2, "b"}}),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag>"
            "</Part><Part><PartNumber>2</PartNumber><ETag>b</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(IsoTime, TakesUtcAlone) {
  EXPECT_TRUE(read_iso_time("2026-01-31T12:00:00Z"));
  for (const char* text : {"", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00+01:00"})
    EXPECT_FALSE(read_iso_time(text)) << text;
}

}  // namespace
}  // namespace pbaas::store
