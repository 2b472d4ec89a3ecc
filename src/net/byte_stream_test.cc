#include "net/byte_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/post.hpp>

#include "net/connect.h"
#include "net/http_rig.h"
#include "support/run_task.h"

namespace pbaas::net {
namespace {

class ByteStreamTest : public testing::Test {
 protected:
  bool read_more() { return support::run_task(loop_, stream_.read_more(scratch_)); }

  Loop loop_;
  RawListener listener_;
  ByteStream stream_ = *support::run_task(loop_, connect_to("127.0.0.1", listener_.port()));
  RawSocket other_ = listener_.accept();
  std::array<char, 16> scratch_;
};

TEST_F(ByteStreamTest, GathersWhatIsReadUntilItIsConsumed) {
  other_.send("abc");
  ASSERT_TRUE(read_more());
  other_.send("def");
  ASSERT_TRUE(read_more());
  EXPECT_EQ(stream_.buffered(), "abcdef");
  stream_.consume(2);
  EXPECT_EQ(stream_.take_buffered(), "cdef");
  EXPECT_EQ(stream_.buffered(), "");
}

TEST_F(ByteStreamTest, KnowsTheEndOfTheOther) {
  other_.send("abc");
  other_.close();
  EXPECT_TRUE(read_more());
  EXPECT_FALSE(read_more());
}

TEST_F(ByteStreamTest, CanBeInterrupted) {
  // The second post stands behind the start of the read, which comes after this line.
  boost::asio::post(loop_, [this] { boost::asio::post(loop_, [this] { stream_.interrupt(); }); });
  EXPECT_FALSE(read_more());
  other_.send("abc");
  EXPECT_TRUE(read_more());
}

TEST_F(ByteStreamTest, WritesBothTexts) {
  EXPECT_TRUE(support::run_task(loop_, stream_.write("abc", "def")));
  stream_.finish_writing();
  EXPECT_EQ(other_.read_to_end(), "abcdef");
}

TEST_F(ByteStreamTest, GivesItsDescriptorAwayNonBlocking) {
  const auto fd = stream_.release();
  ASSERT_TRUE(fd.valid());
  EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::send(fd.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(other_.read_bytes(1), "x");
}

}  // namespace
}  // namespace pbaas::net
