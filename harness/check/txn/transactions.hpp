#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/history/history.hpp"

/// Histories whose operations are transactions, in numbers: [[:append x 1] [:r y [1 2]]] over lists, or
/// [[:w x 1] [:r y 2]] over registers.
namespace withstand::check {

struct TransactionAccess {
  enum class Kind : std::uint8_t { append, write, read };
  Kind kind = Kind::read;
  bool known = false;  ///< of a read: what it saw is known
  std::uint32_t key = 0;
  std::uint32_t value = 0;                     ///< appended, written, or read of a register; 0: nothing
  std::uint32_t list_from = 0, list_size = 0;  ///< what a read of a list saw: into Transactions::elements
};

struct Transaction {
  std::uint32_t first = 0, count = 0;  ///< into Transactions::accesses
  std::uint32_t index = 0;             ///< into the history's operations
  record::Outcome outcome = record::Outcome::info;
  [[nodiscard]] bool committed() const { return outcome == record::Outcome::ok; }
  [[nodiscard]] bool possible() const { return outcome == record::Outcome::ok || outcome == record::Outcome::info; }
};

enum class TransactionKind { list_append, rw_register };

struct Transactions {
  TransactionKind kind = TransactionKind::list_append;
  std::vector<Transaction> all;
  std::vector<TransactionAccess> accesses;
  std::vector<std::uint32_t> elements;
  std::vector<Value> keys;    ///< by number
  std::vector<Value> values;  ///< by number; 0 is nothing
  std::string misfit;

  [[nodiscard]] std::span<const TransactionAccess> of(const Transaction& one) const {
    return std::span(accesses).subspan(one.first, one.count);
  }
  [[nodiscard]] std::span<const std::uint32_t> list(const TransactionAccess& read) const {
    return std::span(elements).subspan(read.list_from, read.list_size);
  }
};

Transactions read_transactions(const OperationHistory& history, TransactionKind kind);

}  // namespace withstand::check
