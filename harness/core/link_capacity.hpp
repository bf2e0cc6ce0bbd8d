#pragma once

#include <cstddef>

namespace withstand::core {

/// How many impairments a link bears at the same time.
constexpr std::size_t most_impairments = 64;
/// Of those, how many may damage packets, and how many may hold them (latency, rate, reorder, a slow start): each
/// packet carries what each of them did.
constexpr std::size_t most_corruptions = 8, most_delays = 8;
/// How many packets a packet may become: the product of what the duplications of its link make of one.
constexpr std::size_t most_copies = 512;

}  // namespace withstand::core
