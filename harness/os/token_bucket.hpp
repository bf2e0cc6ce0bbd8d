#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The kernel's token bucket (tc-tbf(8), sch_tbf) and its netlink attributes. Bytes only, no system calls. Besides its
/// rate, it is what cuts super-packets of segmentation offload (up to 64 KiB) into packets: whatever is larger than its
/// bucket.
namespace withstand::os {

struct TokenBucketSettings {
  std::uint64_t rate = 0;      ///< bytes per second, 1 or more
  std::uint32_t burst = 0;     ///< bytes; packets that are larger are cut into segments, or lost
  std::uint32_t limit = 0;     ///< bytes that may wait, unless another queue is put in its place
  std::uint16_t overhead = 0;  ///< bytes added to each packet
};

/// The value of TCA_OPTIONS.
std::vector<std::byte> token_bucket_options(const TokenBucketSettings& settings);
/// What a kernel tells of it; `burst` is rounded, since it is kept as a time in steps of 64 ns.
std::optional<TokenBucketSettings> parse_token_bucket_options(std::span<const std::byte> options);
/// What the kernel did not keep, in words.
std::vector<std::string> token_bucket_differences(const TokenBucketSettings& asked, const TokenBucketSettings& kept);

}  // namespace withstand::os
