#include "network/shares.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace withstand::faults {

bool improbable_share(std::uint64_t offered, std::uint64_t hits, double p, double memory) {
  if (memory < 0 || offered == 0) return false;
  if (p >= 1) return hits != offered;
  const double n = static_cast<double>(offered);
  const double q = static_cast<double>(hits) / n;
  if (memory > 0) {
    // Packets until the start is forgotten count as if they had all gone the other way.
    const double slack = std::min(1.0, 1 / (n * (1 - memory)));
    const double off = std::max(0.0, std::abs(q - p) - slack);
    return 2 * n * off * off * (1 - memory) / (1 + memory) > std::log(2e9);
  }
  const auto term = [](double a, double b) { return a <= 0 ? 0.0 : a * std::log(a / b); };
  return n * (term(q, p) + term(1 - q, 1 - p)) > std::log(2e9);
}

std::string share_text(std::uint64_t offered, std::uint64_t hits, double memory) {
  if (offered == 0) return "no packet";
  constexpr double z = 2.5758293035489;  // 99 %, two-sided
  const double q = static_cast<double>(hits) / static_cast<double>(offered);
  const double known = std::clamp(memory, 0.0, 0.999999);
  const double n = static_cast<double>(offered) * (1 - known) / (1 + known);
  const double middle = (q + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(q * (1 - q) / n + z * z / (4 * n * n));
  const std::string head = fmt::format("{:.3g}% ({} of {} packets", 100 * q, hits, offered);
  if (memory < 0) return head + ")";
  return head + fmt::format("; 99% interval {:.3g}% to {:.3g}%)", 100 * std::max(0.0, middle - half),
                            100 * std::min(1.0, middle + half));
}

}  // namespace withstand::faults
