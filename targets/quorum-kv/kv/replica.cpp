#include "kv/replica.hpp"

#include <utility>

namespace quorum_kv {

Replica::Replica(DurableStore& durable, std::vector<Record> recovered, const Bugs& bugs)
    : durable_(durable), bugs_(bugs) {
  for (const Record& record : recovered) raise(committed_[record.key], record.data);
}

bool Replica::raise(Versioned& held, const Versioned& data) {
  if (data.tag <= held.tag) return false;
  held = data;
  return true;
}

/// With volatile-boot a store is known by its node and operation. That would do if the boot number told lives apart.
bool Replica::taken_for_repetition(const Tag& tag) {
  return bugs_.volatile_boot && !stored_.emplace(tag.node, tag.operation).second;
}

Versioned Replica::query(const std::string& key) const {
  const auto found = committed_.find(key);
  return found == committed_.end() ? Versioned{} : found->second;
}

void Replica::store(const Record& record, std::function<void()> durable) {
  if (const auto held = committed_.find(record.key); held != committed_.end() && record.data.tag <= held->second.tag) {
    durable();
    return;
  }
  if (taken_for_repetition(record.data.tag) || !raise(pending_[record.key], record.data)) {
    durable_.barrier(std::move(durable));
    return;
  }
  durable_.append(record, [this, record, durable = std::move(durable)] {
    commit(record);
    durable();
  });
}

void Replica::commit(const Record& record) {
  raise(committed_[record.key], record.data);
  const auto pending = pending_.find(record.key);
  if (pending != pending_.end() && pending->second.tag <= record.data.tag) pending_.erase(pending);
}

std::vector<Record> Replica::snapshot() const {
  Registers all = committed_;
  for (const auto& [key, data] : pending_) raise(all[key], data);
  std::vector<Record> records;
  records.reserve(all.size());
  for (auto& [key, data] : all) records.push_back({key, std::move(data)});
  return records;
}

void serve(Replica& replica, const Request& request, std::function<void(const Reply&)> answer) {
  if (const auto* query = std::get_if<Query>(&request)) {
    answer(QueryReply{query->ticket, replica.query(query->key)});
    return;
  }
  const auto& store = std::get<Store>(request);
  replica.store(store.record, [ticket = store.ticket, answer = std::move(answer)] { answer(StoreReply{ticket}); });
}

}  // namespace quorum_kv
