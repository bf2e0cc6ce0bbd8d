#pragma once

#include <cstdint>
#include <string>

namespace withstand::faults {

/// Whether `hits` of `offered` is too far from the share p for chance. Independent draws: Chernoff's bound
/// P <= 2 exp(-n KL(q || p)) below 1e-9, KL being the relative entropy of two coins (Hoeffding 1963, theorem 1). With a
/// `memory` of l between 0 and 1 (the largest correlation kept from one packet to the next): Hoeffding's inequality for
/// Markov chains, P <= 2 exp(-2 n e^2 (1 - l) / (1 + l)) (Fan, Jiang, Sun 2021, theorem 1), widened for a start outside
/// the long run's state. Below 0, nothing is known and nothing is improbable.
bool improbable_share(std::uint64_t offered, std::uint64_t hits, double p, double memory = 0);

/// "4.93% (493 of 10000 packets, 99% within 4.4% to 5.5%)": Wilson's interval (1927), widened by the same memory.
std::string share_text(std::uint64_t offered, std::uint64_t hits, double memory = 0);

}  // namespace withstand::faults
