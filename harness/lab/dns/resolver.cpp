#include "lab/dns/resolver.hpp"

#include <stdexcept>
#include <utility>

#include "lab/dns/answers.hpp"
#include "lab/link/node_interface.hpp"

namespace withstand::lab::dns {
namespace {

/// A bound on what a node can make the harness remember, far above what resolvers keep open. Beyond it answers come
/// without delay, and the account says so.
constexpr std::size_t most_waiting = 20'000;

}  // namespace

Resolver::Resolver(core::EventLoop& loop, const core::Topology& topology, std::vector<Sockets> sockets)
    : loop_(loop), zone_(topology, link::kernel_has_ipv6()), rules_(topology), account_(topology, zone_) {
  for (core::NodeId node = 0; node < sockets.size(); ++node) servers_.push_back(serve(node, std::move(sockets[node])));
}

std::unique_ptr<Server> Resolver::serve(core::NodeId node, Sockets sockets) {
  return std::make_unique<Server>(
      loop_, std::move(sockets),
      [this, node](ByteView message, bool over_tcp, const Send& send) { on_message(node, message, over_tcp, send); });
}

void Resolver::replace(core::NodeId node, Sockets sockets) {
  const std::uint64_t unread = servers_.at(node)->unread();
  servers_[node] = serve(node, std::move(sockets));
  for (auto& [handle, before] : unread_before_)
    if (const auto known = before.find(node); known != before.end())
      known->second -= unread;  // wraps, as it is meant to
}

Resolver::~Resolver() = default;

core::Names::Handle Resolver::add(const core::NameFault& fault, const std::vector<core::NodeId>& nodes) {
  if (nodes.empty()) throw std::logic_error("a fault of names for no node");
  const Handle handle = next_handle_++;
  for (const core::NodeId node : nodes) unread_before_[handle][node] = servers_.at(node)->unread();
  rules_.add(handle, fault, nodes);
  account_.add(handle, fault, nodes);
  return handle;
}

void Resolver::remove(Handle handle) {
  rules_.remove(handle);
  account_.remove(handle);
}

std::vector<core::NameEffect> Resolver::effect(Handle handle) {
  auto effects = account_.effect(handle);
  for (auto& effect : effects) effect.unread = servers_.at(effect.node)->unread() - unread_before_[handle][effect.node];
  return effects;
}

void Resolver::on_message(core::NodeId node, ByteView message, bool over_tcp, const Send& send) {
  const auto query = read_query(message);
  if (!query) return;
  const std::size_t limit = over_tcp ? largest_tcp : query->udp_limit;
  if (query->refusal != rcode::no_error) {
    send(write_reply(*query, {query->refusal, false, {}}, limit));  // an asker that has gone misses nothing
    return;
  }
  Waiting waiting{account_.read(node, *query, over_tcp, core::now()), {}, send, {}};
  const Decision decision = rules_.decide(node, *query->question, over_tcp);
  if (is_silent(decision.by, over_tcp)) return account_.unanswered(waiting.ticket);
  waiting.reply = write_reply(*query, asked_reply(decision.by, *query->question, zone_), limit);
  if (decision.delay.count() == 0 || waiting_.size() >= most_waiting) return send_now(waiting);
  send_later(decision.delay, std::move(waiting));
}

void Resolver::send_later(std::chrono::nanoseconds delay, Waiting waiting) {
  const std::uint64_t number = next_waiting_++;
  const core::Instant due = waiting.ticket.read + delay;
  Waiting& kept = waiting_.emplace(number, std::move(waiting)).first->second;
  kept.timer = loop_.at(due, [this, number] {
    const auto taken = waiting_.extract(number);
    send_now(taken.mapped());
  });
}

void Resolver::send_now(const Waiting& waiting) {
  if (waiting.send(waiting.reply)) {
    account_.written(waiting.ticket, waiting.reply, core::now());
  } else {
    account_.unanswered(waiting.ticket);
  }
}

}  // namespace withstand::lab::dns
