#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "check/txn/facts.hpp"

namespace withstand::check {

namespace {

constexpr std::uint32_t nobody = UINT32_MAX;
using Kind = TransactionAccess::Kind;

struct Append {
  std::uint32_t transaction = nobody;
  bool last = true;  ///< of its transaction to this key
};

/// What is known of one list.
struct List {
  std::vector<std::uint32_t> order;                                       ///< the longest read, each element once
  std::vector<const TransactionAccess*> reads;                            ///< different ones, of committed transactions
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> readers;  ///< by last element (0: empty): who read that
  std::unordered_map<std::uint32_t, Append> appends;                      ///< by element
  std::vector<std::uint32_t> appended;  ///< elements that possible transactions appended, in their order
};

class ListAppend {
 public:
  ListAppend(const OperationHistory& history, const Transactions& transactions)
      : history_(history), transactions_(transactions), facts_(transactions), lists_(transactions.keys.size()) {}

  TransactionFacts judge() {
    for (std::uint32_t i = 0; i < transactions_.all.size() && facts_.misfit.empty(); ++i) collect_appends(i);
    if (!facts_.misfit.empty()) return std::move(facts_);
    for (std::uint32_t i = 0; i < transactions_.all.size(); ++i)
      if (transactions_.all[i].committed()) collect_reads(i);
    find_lost_updates(history_, transactions_, std::move(updates_), facts_.anomalies);
    for (std::uint32_t key = 0; key < lists_.size(); ++key) order(key);
    return std::move(facts_);
  }

 private:
  [[nodiscard]] std::string key_text(std::uint32_t key) const { return history_.values.show(transactions_.keys[key]); }
  [[nodiscard]] std::string element_text(std::uint32_t element) const {
    return history_.values.show(transactions_.values[element]);
  }
  [[nodiscard]] std::string list_text(const TransactionAccess& read) const {
    std::string text = "[";
    for (const std::uint32_t element : transactions_.list(read)) {
      if (text.size() > 60) return text + " …]";
      text += (text.size() > 1 ? " " : "") + element_text(element);
    }
    return text + "]";
  }

  void collect_appends(std::uint32_t index) {
    std::unordered_map<std::uint32_t, Append*> last;
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      if (access.kind != Kind::append) continue;
      List& list = lists_[access.key];
      const auto [place, fresh] = list.appends.try_emplace(access.value, Append{index, true});
      if (!fresh) {
        facts_.misfit =
            fmt::format("lines {} and {} append {} to {}: elements must be different", line(place->second.transaction),
                        line(index), element_text(access.value), key_text(access.key));
        return;
      }
      if (transactions_.all[index].possible()) list.appended.push_back(access.value);
      Append*& before = last[access.key];
      if (before != nullptr) before->last = false;
      before = &place->second;
    }
  }
  [[nodiscard]] std::uint32_t line(std::uint32_t transaction) const {
    return history_.operations[transactions_.all[transaction].index].line;
  }

  /// What one transaction has seen and done of one key.
  struct Local {
    const TransactionAccess* read = nullptr;  ///< the last read
    std::vector<std::uint32_t> appended;      ///< since then
    bool expected = false;
  };

  void collect_reads(std::uint32_t index) {
    std::unordered_map<std::uint32_t, Local> locals;
    std::unordered_set<std::uint64_t> wrote;
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      Local& local = locals[access.key];
      if (access.kind == Kind::append) {
        const bool first = wrote.insert(access.key).second;
        if (first && local.read != nullptr) updates_.push_back({access.key, last_of(*local.read), index});
        local.appended.push_back(access.value);
        local.expected = true;
        continue;
      }
      internal(index, access, local);
      look_at(index, access);
      if (!wrote.contains(access.key) || local.read == nullptr || last_of(access) != last_of(*local.read))
        lists_[access.key].readers[last_of(access)].push_back(index);
      local = {&access, {}, true};
    }
  }

  [[nodiscard]] std::uint32_t last_of(const TransactionAccess& read) const {
    return read.list_size == 0 ? 0 : transactions_.list(read).back();
  }

  /// Whether a read fits what its own transaction saw and did before.
  void internal(std::uint32_t index, const TransactionAccess& read, const Local& local) {
    if (!local.expected) return;
    const auto seen = transactions_.list(read);
    const auto before = local.read == nullptr ? std::span<const std::uint32_t>() : transactions_.list(*local.read);
    const std::size_t least = before.size() + local.appended.size();
    bool fits = local.read == nullptr ? seen.size() >= least : seen.size() == least;
    if (fits && local.read != nullptr) fits = std::equal(before.begin(), before.end(), seen.begin());
    if (fits)
      fits =
          std::equal(local.appended.begin(), local.appended.end(), seen.end() - std::ptrdiff_t(local.appended.size()));
    if (fits) return;
    facts_.anomalies.add({"internal",
                          {index},
                          fmt::format("T1 read {} of {}, which is not what it had itself read or appended before",
                                      list_text(read), key_text(read.key))});
  }

  /// What a read shows that no read may.
  void look_at(std::uint32_t index, const TransactionAccess& read) {
    List& list = lists_[read.key];
    const auto seen = transactions_.list(read);
    std::unordered_set<std::uint32_t> once;
    for (const std::uint32_t element : seen) {
      const auto append = list.appends.find(element);
      if (!once.insert(element).second) {
        facts_.anomalies.add(
            {"duplicate-elements",
             {index},
             fmt::format("T1 read {} twice in {} of {}", element_text(element), list_text(read), key_text(read.key))});
      } else if (append == list.appends.end()) {
        facts_.anomalies.add(
            {"garbage-read",
             {index},
             fmt::format("T1 read {} of {}, which nobody had appended", element_text(element), key_text(read.key))});
      } else if (!transactions_.all[append->second.transaction].possible()) {
        facts_.anomalies.add({"G1a",
                              {index, append->second.transaction},
                              fmt::format("T1 read {} of {}, which T2 had appended, and T2 had failed",
                                          element_text(element), key_text(read.key))});
      } else if (append->second.transaction == index) {
        future_read(index, read, element);
      }
    }
    if (!seen.empty()) {
      const auto append = list.appends.find(seen.back());
      if (append != list.appends.end() && !append->second.last && append->second.transaction != index)
        facts_.anomalies.add({"G1b",
                              {index, append->second.transaction},
                              fmt::format("T1 read {} of {} as the last, and T2 went on to append more to it",
                                          element_text(seen.back()), key_text(read.key))});
      list.reads.push_back(&read);
    }
  }

  void future_read(std::uint32_t index, const TransactionAccess& read, std::uint32_t element) {
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      if (&access == &read) break;
      if (access.kind == Kind::append && access.key == read.key && access.value == element) return;
    }
    facts_.anomalies.add(
        {"future-read",
         {index},
         fmt::format("T1 read {} of {} before it appended that itself", element_text(element), key_text(read.key))});
  }

  void order(std::uint32_t key) {
    List& list = lists_[key];
    std::sort(list.reads.begin(), list.reads.end(), [](const auto* a, const auto* b) {
      return std::pair(a->list_size, a->list_from) < std::pair(b->list_size, b->list_from);
    });
    list.reads.erase(std::unique(list.reads.begin(), list.reads.end(),
                                 [](const auto* a, const auto* b) { return a->list_from == b->list_from; }),
                     list.reads.end());
    if (!list.reads.empty()) {
      incompatible(key, list);
      std::unordered_set<std::uint32_t> once;
      for (const std::uint32_t element : transactions_.list(*list.reads.back()))
        if (once.insert(element).second) list.order.push_back(element);
    } else if (list.appended.size() == 1 && list.appends.size() == 1) {
      list.order = list.appended;  // alone: it can only have come after nothing
    }
    dirty_updates(key, list);
    depend(key, list);
  }

  void incompatible(std::uint32_t key, const List& list) {
    const TransactionAccess& longest = *list.reads.back();
    const auto whole = transactions_.list(longest);
    for (const TransactionAccess* read : list.reads) {
      const auto part = transactions_.list(*read);
      if (std::equal(part.begin(), part.end(), whole.begin())) continue;
      facts_.anomalies.add({"incompatible-order",
                            {reader_of(*read), reader_of(longest)},
                            fmt::format("T1 read {} of {}, and T2 read {}: neither can have become the other",
                                        list_text(*read), key_text(key), list_text(longest))});
    }
  }
  [[nodiscard]] std::uint32_t reader_of(const TransactionAccess& read) const {
    const auto place = static_cast<std::uint32_t>(&read - transactions_.accesses.data());
    const auto after = std::upper_bound(transactions_.all.begin(), transactions_.all.end(), place,
                                        [](std::uint32_t at, const Transaction& one) { return at < one.first; });
    return static_cast<std::uint32_t>(after - transactions_.all.begin()) - 1;
  }

  /// A committed append that builds on one that failed.
  void dirty_updates(std::uint32_t key, const List& list) {
    std::uint32_t failed = nobody;
    for (const std::uint32_t element : list.order) {
      const auto append = list.appends.find(element);
      if (append == list.appends.end()) continue;
      const Transaction& writer = transactions_.all[append->second.transaction];
      if (writer.outcome == record::Outcome::fail) {
        failed = append->second.transaction;
      } else if (writer.committed() && failed != nobody) {
        facts_.anomalies.add({"dirty-update",
                              {failed, append->second.transaction},
                              fmt::format("T1 had failed, and T2's append of {} to {} came after what T1 had appended",
                                          element_text(element), key_text(key))});
        failed = nobody;
      }
    }
  }

  [[nodiscard]] std::uint32_t writer_of(const List& list, std::uint32_t element) const {
    const auto append = list.appends.find(element);
    if (append == list.appends.end()) return nobody;
    const std::uint32_t writer = append->second.transaction;
    return transactions_.all[writer].possible() ? writer : nobody;
  }

  void depend(std::uint32_t key, const List& list) {
    std::uint32_t before = nobody, last = 0;
    const std::vector<std::uint32_t>* readers = readers_of(list, 0);
    for (const std::uint32_t element : list.order) {
      const std::uint32_t writer = writer_of(list, element);
      const auto* next_readers = readers_of(list, element);
      if (writer != nobody) {
        if (before != nobody) facts_.graph.add({before, writer, key, element, depends::ww});
        if (readers != nullptr)
          for (const std::uint32_t reader : *readers) facts_.graph.add({reader, writer, key, element, depends::rw});
        if (next_readers != nullptr)
          for (const std::uint32_t reader : *next_readers)
            facts_.graph.add({writer, reader, key, element, depends::wr});
        before = writer;
      }
      readers = next_readers;
      last = element;
    }
    (void)last;
    never_read(key, list, before, readers);
  }
  static const std::vector<std::uint32_t>* readers_of(const List& list, std::uint32_t element) {
    const auto found = list.readers.find(element);
    return found == list.readers.end() ? nullptr : &found->second;
  }

  /// Appends that nobody read come after all that was read.
  void never_read(std::uint32_t key, const List& list, std::uint32_t before,
                  const std::vector<std::uint32_t>* readers) {
    const std::unordered_set<std::uint32_t> read(list.order.begin(), list.order.end());
    std::vector<std::uint32_t> elements, writers;
    for (const std::uint32_t element : list.appended) {
      if (read.contains(element)) continue;
      const std::uint32_t writer = list.appends.at(element).transaction;
      if (!writers.empty() && writers.back() == writer) continue;
      elements.push_back(element);
      writers.push_back(writer);
    }
    if (writers.empty()) return;
    if (before != nobody) facts_.graph.add_all(std::span(&before, 1), writers, elements, key, depends::ww);
    if (readers != nullptr) facts_.graph.add_all(*readers, writers, elements, key, depends::rw);
  }

  const OperationHistory& history_;
  const Transactions& transactions_;
  TransactionFacts facts_;
  std::vector<List> lists_;
  std::vector<VersionRead> updates_;
};

}  // namespace

TransactionFacts list_append_facts(const OperationHistory& history, const Transactions& transactions) {
  return ListAppend(history, transactions).judge();
}

void find_lost_updates(const OperationHistory& history, const Transactions& transactions,
                       std::vector<VersionRead> reads, AnomalyList& out) {
  std::sort(reads.begin(), reads.end(), [](const VersionRead& a, const VersionRead& b) {
    return std::tuple(a.key, a.version, a.transaction) < std::tuple(b.key, b.version, b.transaction);
  });
  for (std::size_t i = 0; i + 1 < reads.size();) {
    std::size_t end = i + 1;
    while (end < reads.size() && reads[end].key == reads[i].key && reads[end].version == reads[i].version) ++end;
    if (end - i > 1)
      out.add({"lost-update",
               {reads[i].transaction, reads[i + 1].transaction},
               fmt::format("T1 and T2 both read {} of {} and both wrote it next: one did not see the other's write",
                           history.values.show(transactions.values[reads[i].version]),
                           history.values.show(transactions.keys[reads[i].key]))});
    i = end;
  }
}

}  // namespace withstand::check
