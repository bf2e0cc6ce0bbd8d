#include "load/ledger.hpp"

#include <utility>

#include "load/shapes.hpp"
#include "load/values.hpp"

namespace withstand::load {
namespace {

bool is_register_write(Request::Kind kind) {
  return kind == Request::Kind::write || kind == Request::Kind::create || kind == Request::Kind::cas;
}

bool is_number(std::string_view text) {
  constexpr std::size_t longest = 18;
  return !text.empty() && text.size() <= longest && text.find_first_not_of("0123456789") == std::string_view::npos &&
         (text.size() == 1 || text.front() != '0');
}

}  // namespace

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
      sizes_(config),
      numbers_(has_numbers(config.workload)),
      timeout_(config.timeout),
      driver_(driver),
      history_(history),
      now_(std::move(now)),
      processes_(config.client_index, config.clients) {}

record::Operation Ledger::entry(const Request& request, core::Instant intended) const {
  record::Operation out;
  out.id = request.id;
  out.op = request.op.empty() ? op_name(request.kind) : request.op;
  if (request.kind != Request::Kind::transfer) out.key = request.key;  // all accounts are one object
  out.node = request.node;
  if (!request.shown.empty()) {
    out.json = request.shown != "null";
    if (out.json) out.value = request.shown;
  } else if (request.kind == Request::Kind::write || request.kind == Request::Kind::create) {
    out.value = request.value;
  }
  out.intended = intended.count() - epoch_;
  out.sent = now_().count() - epoch_;
  return out;
}

void Ledger::begin(Request request, core::Instant intended, bool final_read, Ended ended,
                   std::optional<std::uint32_t> process) {
  Open open{entry(request, intended), request.kind, is_harmless(request), process.has_value(), std::move(ended)};
  open.operation.process = process ? *process : processes_.take();
  open.operation.final_read = final_read;
  history_.add(record::invoke_line(open.operation));
  deadlines_.emplace_back(core::Instant(open.operation.sent + epoch_) + timeout_, request.id);
  open_.emplace(request.id, std::move(open));
  if (is_register_write(request.kind)) {
    if (!request.expected.empty()) request.expected = fill_value(request.expected, sizes_.of(request.expected));
    request.value = fill_value(request.value, sizes_.of(request.value));
  }
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

void Ledger::take_value(Request::Kind kind, Response& response, record::Operation& operation) const {
  if (kind != Request::Kind::read) {
    if (is_register_write(kind) || (!response.json && !response.value)) return;
    operation.json = response.json.has_value();
    operation.value = std::move(operation.json ? response.json : response.value);
  } else if (response.value) {
    const auto name = std::string_view(*response.value).substr(0, response.value->find('.'));
    operation.value = name_of_value(*response.value, sizes_.of(name));
    operation.json = numbers_ && is_number(*operation.value);
  }
}

void Ledger::end(std::uint64_t id, Response response) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;  // its timeout was first
  const Open open = std::move(found->second);
  open_.erase(found);
  auto operation = open.operation;
  operation.done = now_().count() - epoch_;
  operation.outcome = settle(open.harmless, response.fate);
  operation.declined = response.declined && operation.outcome == record::Outcome::fail;
  if (!response.node.empty()) operation.node = std::move(response.node);
  operation.error = std::move(response.error);
  if (operation.outcome == record::Outcome::ok) take_value(open.kind, response, operation);
  if (operation.outcome != record::Outcome::info && !open.owned) processes_.give_back(operation.process);
  history_.add(record::completion_line(operation));
  if (open.ended) open.ended(operation);
}

}  // namespace withstand::load
