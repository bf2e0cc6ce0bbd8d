#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/links.hpp"

/// Impairments of one link that are narrowed to different packets part its packets into classes, and each class can
/// have queues of its own.
namespace withstand::core {

/// Whether whatever is one of `inner` is one of `outer` too.
bool covers(const Match& outer, const Match& inner);
/// Which packets are both; nothing when none are. Two different ports are taken to exclude each other, although a
/// packet could come from the one and go to the other.
std::optional<Match> both_of(const Match& one, const Match& other);

struct PacketClass {
  Match match{};
  std::vector<std::size_t> asked{};  ///< the impairments that all of its packets meet, in their order
};

/// The classes, the narrower before the wider: a packet belongs to the first that it matches. Of nothing: none.
std::vector<PacketClass> packet_classes(const std::vector<const Impairment*>& asked);

}  // namespace withstand::core
