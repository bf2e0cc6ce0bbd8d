#include "lab/link/model/distribution.hpp"

#include <ctime>

#include "packet_fixture.hpp"
#include "support/model_checks.hpp"

/// What sockets see of a hundred thousand packets, against what the models promise. Bounds are six deviations wide or
/// more, or at 1e-9: each fails by chance once in 5e8 runs or less. Which packets are chosen is fixed by the seed, as
/// long as the sockets send what they are told to.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t packets = 100'000;

std::int64_t wall_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

class DistributionTest : public PacketFaultTest {
 protected:
  /// Which of so many packets arrive, and how often. The queues of a loaded machine never hold more than some hundreds.
  std::vector<int> arrivals() {
    const os::Fd a = udp(0), b = udp(1);
    std::vector<int> times(packets);
    for (std::uint32_t i = 0; i < packets; ++i) {
      send_numbered(a, 1, i);
      if (i % 400 != 399) continue;
      send(a, 2, "done");
      while (!receive(behind_, 5s)) ADD_FAILURE() << "the fabric is stuck";
      for (const auto number : receive_all(b, 0ms)) ++times.at(number);
    }
    for (const auto number : receive_all(b)) ++times.at(number);
    return times;
  }

  /// How long each packet takes, by the clock of the kernel that received it, in seconds; one every 40 us.
  std::vector<double> delays() {
    const os::Fd a = udp(0), b = udp(1);
    const int yes = 1;
    os::check("ask for time stamps", ::setsockopt(b.get(), SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes));
    std::vector<std::int64_t> sent(packets);
    std::vector<double> took(packets, -1);
    std::uint32_t arrived = 0;
    const auto take = [&](std::chrono::milliseconds patience) {
      pollfd wanted{.fd = b.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return false;
      std::uint32_t number = 0;
      alignas(cmsghdr) char control[64];
      iovec part{&number, sizeof number};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      os::check("receive", ::recvmsg(b.get(), &message, 0));
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof stamp);
      took.at(number) = static_cast<double>(stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec - sent[number]) / 1e9;
      ++arrived;
      return true;
    };
    core::Instant next = core::now();
    for (std::uint32_t i = 0; i < packets; ++i) {
      while (core::now() < next) take(0ms);
      next += 40us;
      sent[i] = wall_clock();
      send_numbered(a, 1, i);
    }
    while (arrived < packets && take(3s)) {
    }
    EXPECT_EQ(arrived, packets);
    return took;
  }

  void SetUp() override {
    PacketFaultTest::SetUp();
    if (rig_) behind_ = udp(2);
  }
  os::Fd behind_;
};

TEST_F(DistributionTest, BurstsOfGilbertAndElliottAreGeometric) {
  auto& bursty = inject("network.loss", {{"p", spec::Value(spec::Ratio{10'000'000})}, {"r", ratio(25)}});
  std::vector<bool> lost;
  for (const int times : arrivals()) lost.push_back(times == 0);
  support::expect_bursts(lost, 0.01, 0.25);
  EXPECT_TRUE(bursty.observe().took_effect()) << bursty.observe().objection();
}

TEST_F(DistributionTest, IndependentLossIsIndependent) {
  auto& lossy = inject("network.loss", {{"loss", ratio(5)}});
  std::vector<bool> lost;
  for (const int times : arrivals()) lost.push_back(times == 0);
  support::expect_independent(lost, 0.05);
  EXPECT_TRUE(lossy.observe().took_effect()) << lossy.observe().objection();
}

TEST_F(DistributionTest, CorrelatedLossIsCorrelatedAndNotRarer) {
  auto& lossy = inject("network.loss", {{"loss", ratio(10)}, {"correlation", ratio(50)}});
  std::vector<double> lost;
  for (const int times : arrivals()) lost.push_back(times == 0 ? 1 : 0);
  EXPECT_NEAR(support::mean(lost), 0.1, 6 * std::sqrt(0.09 * 3 / packets));
  EXPECT_NEAR(support::autocorrelation(lost), 0.5, 0.06);
  EXPECT_NEAR(support::autocorrelation(lost, 2), 0.25, 0.06);
  EXPECT_TRUE(lossy.observe().took_effect()) << lossy.observe().objection();
}

TEST_F(DistributionTest, FourStatesAreThoseOfTheirChain) {
  const double p13 = 0.05, p31 = 0.30, p32 = 0.20, p23 = 0.40, p14 = 0.02;
  auto& lossy =
      inject("network.loss",
             {{"p13", ratio(5)}, {"p31", ratio(30)}, {"p32", ratio(20)}, {"p23", ratio(40)}, {"p14", ratio(2)}});
  std::vector<double> lost;
  for (const int times : arrivals()) lost.push_back(times == 0 ? 1 : 0);
  // The balance of the chain: 1 and 4, 1 and 3, 2 and 3.
  const double four = p14, three = p13 / p31, two = p13 / p31 * p32 / p23, all = 1 + two + three + four;
  const double share = (three + four) / all, again = three * (1 - p31 - p32) / (three + four);
  std::size_t losses = 0, followed = 0;
  for (std::size_t i = 0; i + 1 < lost.size(); ++i)
    if (lost[i] > 0) ++losses, followed += lost[i + 1] > 0 ? 1U : 0U;
  // Neighbours are alike: so many packets tell as much as a fifth of independent ones.
  EXPECT_NEAR(support::mean(lost), share, 6 * std::sqrt(share * (1 - share) * 5 / packets));
  EXPECT_NEAR(static_cast<double>(followed) / static_cast<double>(losses), again,
              6 * std::sqrt(again * (1 - again) / static_cast<double>(losses)));
  EXPECT_TRUE(lossy.observe().took_effect()) << lossy.observe().objection();
}

TEST_F(DistributionTest, EveryNthIsEveryNth) {
  auto& lossy = inject("network.loss", {{"nth", number(7)}});
  const auto times = arrivals();
  for (std::uint32_t i = 0; i < packets; ++i) ASSERT_EQ(times[i], i % 7 == 6 ? 0 : 1) << i;
  EXPECT_TRUE(lossy.observe().took_effect()) << lossy.observe().objection();
}

TEST_F(DistributionTest, DamageComesIndependently) {
  auto& damage = inject("network.corrupt", {{"corrupt", ratio(10)}});
  std::vector<bool> lost;  // the receiver's kernel drops what its checksum does not fit
  for (const int times : arrivals()) lost.push_back(times == 0);
  support::expect_independent(lost, 0.10);
  EXPECT_TRUE(damage.observe().took_effect()) << damage.observe().objection();
}

TEST_F(DistributionTest, CopiesComeIndependently) {
  inject("network.duplicate", {{"duplicate", ratio(20)}});
  support::expect_copies(arrivals(), 0.2);
}

TEST_F(DistributionTest, DelaysAreOfTheirDistributionAndCorrelation) {
  auto& slow = inject("network.latency", {{"delay", milliseconds(60)},
                                          {"jitter", milliseconds(15)},
                                          {"distribution", text("normal")},
                                          {"correlation", ratio(40)},
                                          {"order", text("free")}});
  const auto took = delays();
  const auto share = [](double seconds) { return lab::link::normal_share((seconds - 0.060) / 0.015); };
  support::expect_distribution(took, share, 0.03, 0.4);
  EXPECT_NEAR(support::mean(took), 0.060, 0.0015);
  EXPECT_NEAR(support::deviation(took), 0.015, 0.001);
  EXPECT_NEAR(support::autocorrelation(took), 0.4, 0.04);
  EXPECT_TRUE(slow.observe().took_effect()) << slow.observe().objection();
}

/// The share of draws below a value, by the distribution's own quantiles.
std::function<double(double)> share_of(const lab::link::Distribution& distribution) {
  return [&distribution](double value) {
    double low = 1e-9, high = 1 - 1e-9;
    for (int step = 0; step < 40; ++step) {
      const double middle = (low + high) / 2;
      (distribution.quantile(middle) < value ? low : high) = middle;
    }
    return low;
  };
}

TEST_F(DistributionTest, DelaysAreOfTheOtherDistributionsToo) {
  using Kind = core::DelaySettings::Distribution;
  for (const auto& [name, kind] :
       {std::pair("uniform", Kind::uniform), {"pareto", Kind::pareto}, {"paretonormal", Kind::paretonormal}}) {
    auto& slow = inject("network.latency", {{"delay", milliseconds(60)},
                                            {"jitter", milliseconds(15)},
                                            {"distribution", text(name)},
                                            {"order", text("free")}});
    const auto took = delays();
    const lab::link::Distribution distribution(kind, nullptr);
    const auto share = share_of(distribution);
    support::expect_distribution(
        took, [&](double seconds) { return share((seconds - 0.060) / 0.015); }, 0.03);
    EXPECT_NEAR(support::mean(took), 0.060, 0.0015) << name;
    EXPECT_TRUE(slow.observe().took_effect()) << name << ": " << slow.observe().objection();
    slow.revert();
  }
}

}  // namespace
}  // namespace withstand::faults::testing
