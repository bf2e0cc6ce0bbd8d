#include "kernel_fixture.hpp"
#include "support/model_checks.hpp"

/// The same checks of what sockets see as tests/faults/distribution_test.cpp has of the link fabric: both realise the
/// same models. An emulated machine sends fewer packets.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t packets = 30'000;

class KernelDistributionTest : public KernelNetTest {
 protected:
  /// How long each packet takes, in seconds.
  std::vector<double> delays(std::uint32_t count, std::chrono::microseconds apart) {
    const os::Fd from = udp(0), at = udp(1);
    std::vector<core::Instant> sent(count);
    std::vector<double> took(count, -1);
    std::uint32_t arrived = 0;
    const auto take = [&](std::chrono::milliseconds patience) {
      pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return false;
      std::uint32_t number = 0;
      os::check("receive", ::recv(at.get(), &number, sizeof number, 0));
      took.at(number) = std::chrono::duration<double>(core::now() - sent.at(number)).count();
      ++arrived;
      return true;
    };
    core::Instant next = core::now();
    for (std::uint32_t i = 0; i < count; ++i) {
      while (core::now() < next) take(0ms);
      next += apart;
      sent[i] = core::now();
      send(from, 1, i);
    }
    while (arrived < count && take(5s)) {
    }
    EXPECT_EQ(arrived, count);
    return took;
  }
};

TEST_F(KernelDistributionTest, IndependentLossIsIndependent) {
  auto& lossy = inject("network.loss", {{"loss", percent(5)}});
  support::expect_independent(lost(arrivals(packets)), 0.05);
  lossy.revert();
  EXPECT_TRUE(lossy.observe().took_effect()) << words(lossy);
}

/// What correlation would have made of it: nothing at all.
TEST_F(KernelDistributionTest, RareLossIsNotRarer) {
  auto& lossy = inject("network.loss", {{"loss", percent(0.3)}});
  support::expect_independent(lost(arrivals(packets)), 0.003);
  lossy.revert();
  EXPECT_TRUE(lossy.observe().took_effect()) << words(lossy);
}

TEST_F(KernelDistributionTest, BurstsOfGilbertAndElliottAreGeometric) {
  auto& bursty = inject("network.loss", {{"p", percent(1)}, {"r", percent(25)}});
  support::expect_bursts(lost(arrivals(packets)), 0.01, 0.25);
  bursty.revert();
  EXPECT_TRUE(bursty.observe().took_effect()) << words(bursty);
}

/// p31 and p32 decide how a burst goes on: with p32 = 0 and p14 = 0 it is Gilbert's model, entered state first.
TEST_F(KernelDistributionTest, FourStatesWithoutTwoOfThemAreGilberts) {
  auto& bursty = inject("network.loss", {{"p13", percent(1)}, {"p31", percent(25)}});
  support::expect_bursts(lost(arrivals(packets)), 0.01, 0.25);
  bursty.revert();
  EXPECT_TRUE(bursty.observe().took_effect()) << words(bursty);
}

TEST_F(KernelDistributionTest, CopiesComeIndependently) {
  auto& twice = inject("network.duplicate", {{"duplicate", percent(20)}});
  support::expect_copies(arrivals(packets), 0.2);
  twice.revert();
  EXPECT_TRUE(twice.observe().took_effect()) << words(twice);
}

TEST_F(KernelDistributionTest, DelaysAreOfTheirDistribution) {
  auto& slow = inject("network.latency", {{"delay", milliseconds(200)},
                                          {"jitter", milliseconds(50)},
                                          {"distribution", text("normal")},
                                          {"order", text("free")}});
  const auto took = delays(5000, 500us);
  // An emulated machine is some milliseconds late itself: 0.1 of the deviation is 0.04 of the distribution.
  support::expect_distribution(
      took, [](double seconds) { return lab::link::normal_share((seconds - 0.200) / 0.050); }, 0.06);
  EXPECT_NEAR(support::mean(took), 0.200, 6 * 0.050 / std::sqrt(5000) + 0.008);
  EXPECT_NEAR(support::deviation(took), 0.050, 0.006);
  EXPECT_NEAR(support::autocorrelation(took), 0, 6 / std::sqrt(5000) + 0.05);
  slow.revert();
  EXPECT_TRUE(slow.observe().took_effect()) << words(slow);
}

TEST_F(KernelDistributionTest, LongTailsAreAsLongAsTheModels) {
  inject("network.latency", {{"delay", milliseconds(300)},
                             {"jitter", milliseconds(60)},
                             {"distribution", text("pareto")},
                             {"order", text("free")}});
  const auto share = [](double seconds) {
    const double x = (seconds - 0.300) / 0.060;
    return x < -1.5 / std::sqrt(0.75) + 1 / std::sqrt(0.75) ? 0.0 : 1 - std::pow(x * std::sqrt(0.75) + 1.5, -3);
  };
  support::expect_distribution(delays(4000, 500us), share, 0.12);
}

}  // namespace
}  // namespace withstand::faults::testing
