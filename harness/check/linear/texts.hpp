#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "check/linear/search.hpp"

/// Linearizability of a text that is written and appended to, where every piece is different, so that each read tells
/// which pieces it saw. O(n log n), beside the length of what was read.
///
/// A write begins an epoch; what reads saw puts the appends of an epoch into a chain. Each chain must be in order in
/// real time, and the chains must follow each other without overlap; that is the problem of registers with the chain in
/// place of a value, so the zones of Gibbons and Korach decide it (zones.hpp): operations that have an order among
/// themselves can be moved into the zone without leaving their intervals. Appends that nobody saw are chains of their
/// own, for they may come after the end of any.
namespace withstand::check {

struct TextVerdict {
  enum class Answer {
    linearizable,
    violated,
    ambiguous
  };  ///< ambiguous: pieces are not told apart, or in too many ways
  Answer answer = Answer::linearizable;
  std::vector<std::uint32_t> operations;  ///< of a violation: positions of the operations given
  std::string reason;                     ///< with the operations numbered from 1
};

/// Reads, writes and appends; `texts` are what their arguments stand for, 0 the empty one. At first the text is empty.
TextVerdict judge_text(std::span<const SearchOperation> operations, std::span<const std::string> texts);

/// The same object for a search, where pieces are not all different: texts that no read saw are one state, for what
/// follows on one is never seen either until the next write; and where each piece can be told from what it stands
/// beside, one that reads saw is only ever appended where they saw it.
std::unique_ptr<Machine> make_seen_text(std::span<const SearchOperation> operations, std::vector<std::string> texts);

}  // namespace withstand::check
