#include "load/ledger.hpp"

#include <utility>

#include "load/values.hpp"

namespace withstand::load {

Processes::Processes(std::int64_t client_index, std::int64_t clients)
    : next_(static_cast<std::uint32_t>(client_index)), step_(static_cast<std::uint32_t>(clients)) {}

std::uint32_t Processes::take() {
  if (free_.empty()) return std::exchange(next_, next_ + step_);
  const auto process = free_.back();
  free_.pop_back();
  return process;
}

Ledger::Ledger(const Config& config, Driver& driver, HistoryFile& history, Clock now)
    : epoch_(config.epoch),
      value_size_(config.value_size),
      timeout_(config.timeout),
      driver_(driver),
      history_(history),
      now_(std::move(now)),
      processes_(config.client_index, config.clients) {}

record::Operation Ledger::entry(const Request& request, core::Instant intended) const {
  record::Operation out;
  out.id = request.id;
  out.op = request.kind == Request::Kind::read ? "read" : "write";
  out.key = request.key;
  out.node = request.node;
  if (request.kind != Request::Kind::read) out.value = request.value;
  out.intended = intended.count() - epoch_;
  out.sent = now_().count() - epoch_;
  return out;
}

void Ledger::begin(Request request, core::Instant intended, bool final_read, Ended ended) {
  Open open{entry(request, intended), request.kind, std::move(ended)};
  open.operation.process = processes_.take();
  open.operation.final_read = final_read;
  history_.add(record::invoke_line(open.operation));
  deadlines_.emplace_back(core::Instant(open.operation.sent + epoch_) + timeout_, request.id);
  open_.emplace(request.id, std::move(open));
  if (request.kind != Request::Kind::read) request.value = fill_value(request.value, value_size_);
  unsent_.push_back(std::move(request));
}

record::Operation Ledger::drop(const Request& request, core::Instant intended, const std::string& why) {
  auto operation = entry(request, intended);
  operation.process = processes_.take();
  processes_.give_back(operation.process);
  operation.done = operation.sent;
  operation.outcome = record::Outcome::dropped;
  operation.error = why;
  history_.add(record::completion_line(operation));
  return operation;
}

void Ledger::send() {
  history_.flush();
  const auto batch = std::exchange(unsent_, {});
  for (const auto& request : batch) {
    driver_.submit(request, [this, id = request.id](Response response) { end(id, std::move(response)); });
  }
}

void Ledger::expire() {
  const auto now = now_();
  while (const auto deadline = next_deadline()) {
    if (*deadline > now) break;
    const auto id = deadlines_.front().second;
    auto response = driver_.abandon(id);
    if (response.error.empty()) response.error = "timeout";
    end(id, std::move(response));
  }
}

std::optional<core::Instant> Ledger::next_deadline() {
  while (!deadlines_.empty() && !open_.contains(deadlines_.front().second)) deadlines_.pop_front();
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.front().first;
}

void Ledger::end(std::uint64_t id, Response response) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;  // its timeout was first
  const Open open = std::move(found->second);
  open_.erase(found);
  auto operation = open.operation;
  operation.done = now_().count() - epoch_;
  operation.outcome = settle(open.kind, response.fate);
  if (!response.node.empty()) operation.node = std::move(response.node);
  operation.error = std::move(response.error);
  if (open.kind == Request::Kind::read && operation.outcome == record::Outcome::ok && response.value) {
    operation.value = name_of_value(*response.value, value_size_);
  }
  if (operation.outcome != record::Outcome::info) processes_.give_back(operation.process);
  history_.add(record::completion_line(operation));
  if (open.ended) open.ended(operation);
}

}  // namespace withstand::load
