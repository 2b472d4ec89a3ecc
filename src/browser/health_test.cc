#include "browser/health.h"

#include <fcntl.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

// The browser's ends of the pipe are in the test's hand; it answers as often as it is told to.
class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    int up[2];
    int down[2];
    if (::pipe2(up, O_CLOEXEC) != 0 || ::pipe2(down, O_CLOEXEC) != 0) std::abort();
    commands = UniqueFd(up[0]);
    answers = UniqueFd(down[1]);
    pipe = std::make_shared<CdpPipe>(loop, UniqueFd(down[0]), UniqueFd(up[1]));
  }
  ~HealthTest() override { pipe->close(); }
  void answer(int id) {
    std::string text = R"({"id":)" + std::to_string(id) + R"(,"result":{}})";
    text.push_back('\0');
    ASSERT_EQ(::write(answers.get(), text.data(), text.size()), ssize_t(text.size()));
  }

  SystemClock clock;
  net::Loop loop;
  UniqueFd commands;
  UniqueFd answers;
  std::shared_ptr<CdpPipe> pipe;
  int hung = 0;
  const HealthSpec spec{Duration(50), 3};
};

TEST_F(HealthTest, TellsOnceWhenNothingIsAnswered) {
  const HealthWatch watch(loop, clock, pipe, spec, [this] { ++hung; });
  EXPECT_TRUE(run_until(loop, [this] { return hung > 0; }));
  run_until(loop, [] { return false; }, milliseconds(300));
  EXPECT_EQ(hung, 1);
}

TEST_F(HealthTest, ForgetsMissesOnceThereIsAnAnswer) {
  ::fcntl(commands.get(), F_SETFL, O_NONBLOCK);
  int asked = 0;
  const HealthWatch watch(loop, clock, pipe, spec, [this] { ++hung; });
  // Two in a row are missed, the third is answered, and so on.
  ASSERT_TRUE(run_until(loop, [&] {
    char text[256];
    if (::read(commands.get(), text, sizeof text) > 0 && ++asked % 3 == 0) answer(asked);
    return hung > 0 || asked == 12;
  }));
  EXPECT_EQ(hung, 0);
}

TEST_F(HealthTest, IsSilentOnceItIsDestroyed) {
  auto watch = std::make_unique<HealthWatch>(loop, clock, pipe, spec, [this] { ++hung; });
  loop.run_one_for(milliseconds(60));
  watch.reset();
  run_until(loop, [this] { return hung > 0; }, milliseconds(400));
  EXPECT_EQ(hung, 0);
}

}  // namespace
}  // namespace pbaas::browser
