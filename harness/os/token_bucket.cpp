#include "os/token_bucket.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <linux/pkt_sched.h>

#include "os/netlink_attributes.hpp"

namespace withstand::os {
namespace {

constexpr std::uint64_t most_in_32_bits = std::numeric_limits<std::uint32_t>::max();
constexpr double tick_seconds = 64e-9;  // PSCHED_SHIFT

/// The kernel keeps a bucket's size as the time that so large a packet takes, its overhead too.
double bucket_seconds(const TokenBucketSettings& settings) {
  return (static_cast<double>(settings.burst) + settings.overhead) / static_cast<double>(settings.rate);
}

}  // namespace

std::vector<std::byte> token_bucket_options(const TokenBucketSettings& settings) {
  tc_tbf_qopt head{};
  head.rate.rate = static_cast<std::uint32_t>(std::min(settings.rate, most_in_32_bits));
  head.rate.linklayer = TC_LINKLAYER_ETHERNET;  // else the kernel wants a table of transmission times
  head.rate.overhead = settings.overhead;
  head.limit = settings.limit;
  head.buffer = static_cast<std::uint32_t>(
      std::min(bucket_seconds(settings) / tick_seconds, static_cast<double>(most_in_32_bits)));
  AttributeWriter out;
  out.put(TCA_TBF_PARMS, head);
  out.put(TCA_TBF_BURST, settings.burst);
  if (settings.rate >= most_in_32_bits) out.put(TCA_TBF_RATE64, settings.rate);
  return out.bytes();
}

std::optional<TokenBucketSettings> parse_token_bucket_options(std::span<const std::byte> options) {
  const Attributes found(options);
  const auto head = found.value<tc_tbf_qopt>(TCA_TBF_PARMS);
  if (!head) return std::nullopt;
  TokenBucketSettings out;
  out.rate = found.value<std::uint64_t>(TCA_TBF_RATE64).value_or(head->rate.rate);
  out.limit = head->limit;
  out.overhead = head->rate.overhead;
  const double held = head->buffer * tick_seconds * static_cast<double>(out.rate) - out.overhead;
  out.burst = static_cast<std::uint32_t>(std::clamp(held, 0.0, static_cast<double>(most_in_32_bits)));
  return out;
}

std::vector<std::string> token_bucket_differences(const TokenBucketSettings& asked, const TokenBucketSettings& kept) {
  std::vector<std::string> all;
  const auto compare = [&all](const char* name, auto wanted, auto got) {
    if (wanted != got) all.push_back(fmt::format("{}: asked {}, kept {}", name, wanted, got));
  };
  compare("rate in bytes per second", asked.rate, kept.rate);
  compare("limit", asked.limit, kept.limit);
  compare("overhead", asked.overhead, kept.overhead);
  const double step = tick_seconds * static_cast<double>(asked.rate) + 1;
  if (static_cast<double>(kept.burst) < asked.burst - step || static_cast<double>(kept.burst) > asked.burst + step)
    compare("burst", asked.burst, kept.burst);
  return all;
}

}  // namespace withstand::os
