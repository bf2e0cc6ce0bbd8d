#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "check/txn/facts.hpp"

namespace withstand::check {

namespace {

constexpr std::uint32_t nobody = UINT32_MAX;
using Kind = TransactionAccess::Kind;

/// One value that a register had; version 0 is what was there at first.
struct Version {
  std::uint32_t writer = nobody;
  bool last = true;                    ///< of its transaction to this key
  std::vector<std::uint32_t> readers;  ///< committed transactions whose first access to the key saw it
};

/// What a transaction saw of a key from outside, and what it left there.
struct Contact {
  std::uint32_t transaction = 0;
  std::uint32_t read = nobody, wrote = nobody;  ///< versions
};

struct Register {
  std::unordered_map<std::uint32_t, Version> versions;
  std::vector<Contact> contacts;
};

class RwRegister {
 public:
  RwRegister(const OperationHistory& history, const Transactions& transactions, VersionOrder order)
      : history_(history),
        transactions_(transactions),
        order_(order),
        facts_(transactions),
        registers_(transactions.keys.size()) {}

  TransactionFacts judge() {
    for (std::uint32_t i = 0; i < transactions_.all.size() && facts_.misfit.empty(); ++i) collect_writes(i);
    if (!facts_.misfit.empty()) return std::move(facts_);
    for (std::uint32_t i = 0; i < transactions_.all.size(); ++i)
      if (transactions_.all[i].possible()) collect_contacts(i);
    find_lost_updates(history_, transactions_, std::move(updates_), facts_.anomalies);
    for (std::uint32_t key = 0; key < registers_.size(); ++key) {
      depend(key);
      if (order_ == VersionOrder::real_time) depend_on_time(key);
      if (order_ == VersionOrder::sessions) depend_on_sessions(key);
    }
    return std::move(facts_);
  }

 private:
  [[nodiscard]] std::string text(std::uint32_t value) const {
    return history_.values.show(transactions_.values[value]);
  }
  [[nodiscard]] std::string key_text(std::uint32_t key) const { return history_.values.show(transactions_.keys[key]); }
  [[nodiscard]] std::uint32_t line(std::uint32_t transaction) const {
    return history_.operations[transactions_.all[transaction].index].line;
  }

  void collect_writes(std::uint32_t index) {
    std::unordered_map<std::uint32_t, Version*> last;
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      if (access.kind != Kind::write) continue;
      Version& version = registers_[access.key].versions[access.value];
      if (version.writer != nobody) {
        facts_.misfit = fmt::format("lines {} and {} write {} to {}: values must be different", line(version.writer),
                                    line(index), text(access.value), key_text(access.key));
        return;
      }
      version.writer = index;
      Version*& before = last[access.key];
      if (before != nullptr) before->last = false;
      before = &version;
    }
  }

  void collect_contacts(std::uint32_t index) {
    const bool committed = transactions_.all[index].committed();
    std::unordered_map<std::uint32_t, std::uint32_t> expected;  // by key: what a read must see
    std::vector<std::pair<std::uint32_t, Contact>> contacts;
    const auto contact = [&](std::uint32_t key) -> Contact& {
      for (auto& [at, one] : contacts)
        if (at == key) return one;
      return contacts.emplace_back(key, Contact{index, nobody, nobody}).second;
    };
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      if (access.kind == Kind::read && !access.known) continue;
      const auto [before, first] = expected.try_emplace(access.key, access.value);
      Contact& one = contact(access.key);
      if (access.kind == Kind::write) {
        if (one.read != nobody && one.wrote == nobody && committed) updates_.push_back({access.key, one.read, index});
        one.wrote = access.value;
      } else {
        if (first) one.read = access.value;
        if (!first && before->second != access.value)
          facts_.anomalies.add(
              {"internal",
               {index},
               fmt::format("T1 read {} of {}, which was {} by what it had itself read or written before",
                           text(access.value), key_text(access.key), text(before->second))});
        look_at(index, access);
      }
      before->second = access.value;
    }
    for (const auto& [key, one] : contacts) {
      registers_[key].contacts.push_back(one);
      if (one.read != nobody && committed) registers_[key].versions[one.read].readers.push_back(index);
    }
  }

  void look_at(std::uint32_t index, const TransactionAccess& read) {
    if (read.value == 0) return;
    const auto& versions = registers_[read.key].versions;
    const auto version = versions.find(read.value);
    if (version == versions.end() || version->second.writer == nobody) {
      facts_.anomalies.add(
          {"garbage-read",
           {index},
           fmt::format("T1 read {} of {}, which nobody had written", text(read.value), key_text(read.key))});
      return;
    }
    const std::uint32_t writer = version->second.writer;
    if (!transactions_.all[writer].possible()) {
      facts_.anomalies.add({"G1a",
                            {index, writer},
                            fmt::format("T1 read {} of {}, which T2 had written, and T2 had failed", text(read.value),
                                        key_text(read.key))});
    } else if (!version->second.last && writer != index) {
      facts_.anomalies.add({"G1b",
                            {index, writer},
                            fmt::format("T1 read {} of {}, and T2 wrote that and then something else there",
                                        text(read.value), key_text(read.key))});
    } else if (writer == index && writes_later(index, read)) {
      facts_.anomalies.add(
          {"future-read",
           {index},
           fmt::format("T1 read {} of {} before it wrote that itself", text(read.value), key_text(read.key))});
    }
  }

  [[nodiscard]] bool writes_later(std::uint32_t index, const TransactionAccess& read) const {
    for (const TransactionAccess& access : transactions_.of(transactions_.all[index])) {
      if (&access == &read) return true;
      if (access.kind == Kind::write && access.key == read.key && access.value == read.value) return false;
    }
    return true;
  }

  [[nodiscard]] std::uint32_t writer_of(const Register& reg, std::uint32_t version) const {
    const auto found = reg.versions.find(version);
    if (found == reg.versions.end() || found->second.writer == nobody) return nobody;
    return transactions_.all[found->second.writer].possible() ? found->second.writer : nobody;
  }

  /// What needs no assumption but that a transaction which read a version and wrote one wrote the later one.
  void depend(std::uint32_t key) {
    Register& reg = registers_[key];
    std::vector<std::uint32_t> writers, versions;
    std::unordered_map<std::uint32_t, std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>> next;
    for (const Contact& one : reg.contacts) {
      if (one.wrote == nobody) continue;
      writers.push_back(one.transaction);
      versions.push_back(one.wrote);
      if (one.read == nobody || one.read == 0) continue;
      next[one.read].first.push_back(one.transaction);
      next[one.read].second.push_back(one.wrote);
    }
    if (const auto initial = reg.versions.find(0); initial != reg.versions.end() && !writers.empty())
      facts_.graph.add_all(initial->second.readers, writers, versions, key, depends::rw);
    for (const auto& [version, after] : next) {
      const std::uint32_t writer = writer_of(reg, version);
      if (writer != nobody) facts_.graph.add_all(std::span(&writer, 1), after.first, after.second, key, depends::ww);
      facts_.graph.add_all(reg.versions[version].readers, after.first, after.second, key, depends::rw);
    }
    for (const auto& [value, version] : reg.versions) {
      const std::uint32_t writer = value == 0 ? nobody : writer_of(reg, value);
      if (writer == nobody) continue;
      for (const std::uint32_t reader : version.readers) facts_.graph.add({writer, reader, key, value, depends::wr});
    }
    cyclic_versions(key, next);
  }

  template <class Next>
  void cyclic_versions(std::uint32_t key, const Next& next) {
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    std::vector<std::uint32_t> witnesses;
    const auto number = [&](std::uint32_t version) {
      return numbers.try_emplace(version, static_cast<std::uint32_t>(numbers.size())).first->second;
    };
    std::vector<Dependency> edges;
    for (const auto& [version, after] : next)
      for (std::size_t i = 0; i < after.first.size(); ++i)
        if (after.second[i] != version)
          edges.push_back({number(version), number(after.second[i]), key, after.first[i], depends::ww});
    DependencyGraph graph(static_cast<std::uint32_t>(numbers.size()));
    for (const Dependency& edge : edges) graph.add(edge);
    graph.close();
    const Components components(graph, {depends::ww, false}, {});
    for (const Dependency& edge : graph.edges()) {
      if (components.of(edge.from) == 0 || components.of(edge.from) != components.of(edge.to)) continue;
      TransactionAnomaly anomaly{"cyclic-versions", {}, ""};
      for (const Dependency& step : cycle_through(graph, components, edge, false))
        anomaly.transactions.push_back(step.value);
      anomaly.text = fmt::format(
          "each of these read what another had written to {} and wrote the next: no version was "
          "the first",
          key_text(key));
      return facts_.anomalies.add(std::move(anomaly));
    }
  }

  /// In real time each key goes from version to version: what had been seen or written before a transaction began is no
  /// later than what that saw or wrote.
  void depend_on_time(std::uint32_t key) {
    Register& reg = registers_[key];
    struct Moment {
      std::int64_t at;
      bool end;
      std::size_t contact;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < reg.contacts.size(); ++i) {
      const HistoryOperation& operation = operation_of(reg.contacts[i]);
      moments.push_back({operation.begin, false, i});
      if (operation.end != never) moments.push_back({operation.end, true, i});
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
      return std::tuple(a.at, a.end, a.contact) < std::tuple(b.at, b.end, b.contact);
    });
    std::vector<std::uint32_t> latest;  // versions, none surely before another
    std::vector<std::vector<std::uint32_t>> at_begin(reg.contacts.size());
    for (const Moment& moment : moments) {
      const Contact& one = reg.contacts[moment.contact];
      const std::uint32_t first = one.read != nobody ? one.read : one.wrote;
      if (!moment.end) {
        at_begin[moment.contact] = latest;
        for (const std::uint32_t version : latest)
          if (version != first) follow(key, reg, version, first, depends::realtime);
        continue;
      }
      const auto& before = at_begin[moment.contact];
      std::erase_if(latest, [&](std::uint32_t version) {
        return std::find(before.begin(), before.end(), version) != before.end();
      });
      const std::uint32_t left = one.wrote != nobody ? one.wrote : one.read;
      if (std::find(latest.begin(), latest.end(), left) == latest.end()) latest.push_back(left);
      at_begin[moment.contact] = {};
    }
  }
  [[nodiscard]] const HistoryOperation& operation_of(const Contact& one) const {
    return history_.operations[transactions_.all[one.transaction].index];
  }

  /// For each client a key goes from version to version, where transactions of one client see those before them.
  void depend_on_sessions(std::uint32_t key) {
    const Register& reg = registers_[key];
    std::vector<std::size_t> by_begin(reg.contacts.size());
    for (std::size_t i = 0; i < by_begin.size(); ++i) by_begin[i] = i;
    std::stable_sort(by_begin.begin(), by_begin.end(), [&](std::size_t a, std::size_t b) {
      return operation_of(reg.contacts[a]).begin < operation_of(reg.contacts[b]).begin;
    });
    std::unordered_map<std::uint32_t, std::uint32_t> left;  // by client: the version that it left or saw last
    for (const std::size_t i : by_begin) {
      const Contact& one = reg.contacts[i];
      if (!transactions_.all[one.transaction].committed()) continue;
      const std::uint32_t first = one.read != nobody ? one.read : one.wrote;
      const auto [before, fresh] = left.try_emplace(operation_of(one).process, first);
      if (!fresh && before->second != first) follow(key, reg, before->second, first, depends::process);
      before->second = one.wrote != nobody ? one.wrote : one.read;
    }
  }

  /// The version was there before the other, for this reason.
  void follow(std::uint32_t key, const Register& reg, std::uint32_t version, std::uint32_t then, std::uint8_t reason) {
    const std::uint32_t next = writer_of(reg, then), writer = writer_of(reg, version);
    if (next == nobody) return;
    if (writer != nobody) facts_.graph.add({writer, next, key, then, static_cast<std::uint8_t>(depends::ww | reason)});
    const auto found = reg.versions.find(version);
    if (found == reg.versions.end()) return;
    const auto pair = std::uint64_t{version} << 32 | then;
    if (!followed_.emplace(std::uint64_t{key} * 0x9e3779b97f4a7c15ULL ^ pair, true).second) return;
    for (const std::uint32_t reader : found->second.readers)
      facts_.graph.add({reader, next, key, then, static_cast<std::uint8_t>(depends::rw | reason)});
  }

  const OperationHistory& history_;
  const Transactions& transactions_;
  VersionOrder order_;
  TransactionFacts facts_;
  std::vector<Register> registers_;
  std::vector<VersionRead> updates_;
  std::unordered_map<std::uint64_t, bool> followed_;
};

}  // namespace

TransactionFacts rw_register_facts(const OperationHistory& history, const Transactions& transactions,
                                   VersionOrder order) {
  return RwRegister(history, transactions, order).judge();
}

}  // namespace withstand::check
