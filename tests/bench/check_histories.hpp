#pragma once

#include <cstdint>

#include "check/history/history.hpp"

/// Large histories that are as they should be, for benchmarks. The same for the same arguments.
namespace withstand::bench {

/// One register with compare-and-set and few values, so that no reader can tell writes apart.
check::OperationHistory ambiguous_register(std::size_t operations, std::size_t clients);
/// A queue, or a stack, of different values.
check::OperationHistory container(std::size_t operations, std::size_t clients, bool stack);
/// Transactions of one to four appends and reads on lists that grow to 16 elements; strictly serializable.
check::OperationHistory list_append(std::size_t transactions, std::size_t clients);

}  // namespace withstand::bench
