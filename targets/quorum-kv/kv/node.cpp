#include "kv/node.hpp"

#include <csignal>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "kv/bytes.hpp"
#include "kv/exit_code.hpp"
#include "kv/storage_policy.hpp"

namespace quorum_kv {

namespace {

constexpr std::chrono::milliseconds tick_interval{10};
constexpr std::chrono::milliseconds drain_limit{500};
constexpr std::chrono::milliseconds last_sync_limit{300};
constexpr std::uint64_t smallest_compaction = 16 << 20;

/// No acknowledgement may follow a failed write or sync: the process ends where it stands.
[[noreturn]] void die_of_storage(const StorageError& error) {
  spdlog::critical("{}; this process ends, and what was not acknowledged may be lost", error.what());
  ::_exit(static_cast<int>(ExitCode::storage_error));
}

Identity identity(const Options& options, std::uint64_t boot) {
  return {options.self, static_cast<std::uint32_t>(options.members.size()), boot};
}

std::uint32_t members_digest(const Options& options) {
  return crc32c(fmt::format("{}", fmt::join(options.member_names(), ",")));
}

Log::Opened open_storage(const Options& options) {
  if (!options.init && !std::filesystem::exists(options.data)) {
    throw Refusal(ExitCode::not_initialised,
                  fmt::format("{} does not exist; --init makes it, at a node's first start", options.data.string()));
  }
  auto opened = open_log(open_directory(options.data, options.init), {options.name, options.member_names()},
                         options.init, options.bugs);
  spdlog::info("{}: boot {}, {} keys recovered", options.name, opened.log.boot(), opened.records.size());
  if (opened.torn_bytes > 0) {
    spdlog::warn("{} bytes of an unfinished, never acknowledged group commit were dropped", opened.torn_bytes);
  }
  return opened;
}

}  // namespace

Node::Node(const Options& options) : Node(options, open_storage(options)) {}

Node::Node(const Options& options, Log::Opened opened)
    : options_(options),
      recovered_keys_(opened.records.size()),
      writer_(
          std::move(opened.log), [this](LogWriter::Task task) { boost::asio::post(io_, std::move(task)); },
          die_of_storage),
      replica_(writer_, std::move(opened.records), options_.bugs),
      coordinator_(identity(options_, writer_.boot()), options_.timing, options_.bugs, *this, *this),
      api_(options_.name, coordinator_, *this, [this] { return gauges(); }),
      peer_server_(io_, options_.peer_listen,
                   {options_.name, writer_.boot(), members_digest(options_), !options_.bugs.no_checksum}, replica_),
      http_server_(io_, options_.listen,
                   [this](const HttpRequest& request, HttpServer::Respond respond) {
                     api_.handle(request, std::move(respond));
                   }),
      compacted_size_(writer_.size()) {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  make_links();
  if (options_.bugs.busy_timer) housekeeper_ = std::make_unique<Housekeeper>();
}

Node::~Node() {
  // All that was acknowledged is durable; a disk that hangs must not hold up the end of the process.
  if (!writer_.stop(last_sync_limit)) ::_exit(static_cast<int>(ExitCode::ok));
}

void Node::make_links() {
  for (std::uint32_t i = 0; i < options_.members.size(); ++i) {
    links_.emplace_back();
    if (i == options_.self) continue;
    const Member& member = options_.members[i];
    links_.back() =
        std::make_unique<PeerLink>(io_, member.endpoint, Hello{options_.name, member.name, members_digest(options_)},
                                   options_.timing.retry, options_.bugs,
                                   PeerLink::Events{[this, i](const Reply& reply) { coordinator_.on_reply(i, reply); },
                                                    [this, i] { coordinator_.on_reconnect(i); }});
  }
}

void Node::run() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) begin_stop();
  });
  tick();
  spdlog::info("{}: serving on {}:{}", options_.name, options_.listen.address().to_string(), options_.listen.port());
  io_.run();
}

void Node::tick() {
  for (const auto& link : links_) {
    if (link) link->tick();
  }
  coordinator_.tick();
  peer_server_.tick();
  compact_when_big();
  processor_use_.look();
  if (stopping_ && (coordinator_.in_flight() == 0 || std::chrono::steady_clock::now() >= stop_at_)) {
    io_.stop();
    return;
  }
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Node::compact_when_big() {
  if (compacting_ || writer_.size() < smallest_compaction + 4 * compacted_size_) return;
  auto records = replica_.snapshot();
  compacted_size_ = 0;
  for (const Record& record : records) compacted_size_ += record.key.size() + record.data.value.size() + 64;
  spdlog::info("compacting the log: {} bytes for {} keys", writer_.size(), records.size());
  compacting_ = true;
  writer_.rewrite(std::move(records));
  writer_.barrier([this] { compacting_ = false; });
}

void Node::begin_stop() {
  spdlog::info("{}: stopping", options_.name);
  stopping_ = true;
  stop_at_ = std::chrono::steady_clock::now() + drain_limit;
  api_.stop();
  http_server_.stop_accepting();
}

void Node::send(std::uint32_t to, const Request& request) {
  if (to != options_.self) {
    links_[to]->send(request);
    return;
  }
  boost::asio::post(io_, [this, request] {
    serve(replica_, request, [this](const Reply& reply) { coordinator_.on_reply(options_.self, reply); });
  });
}

std::chrono::nanoseconds Node::monotonic() const { return std::chrono::steady_clock::now().time_since_epoch(); }

std::chrono::nanoseconds Node::wall() const { return std::chrono::system_clock::now().time_since_epoch(); }

bool Node::reaches_majority() const {
  std::size_t reached = 1;
  for (const auto& link : links_) {
    if (link && link->healthy()) ++reached;
  }
  return 2 * reached > options_.members.size();
}

Metrics::Gauges Node::gauges() const {
  Metrics::Gauges now;
  now.boot = writer_.boot();
  now.keys = replica_.keys();
  now.recovered_keys = recovered_keys_;
  now.in_flight = coordinator_.in_flight();
  now.repetitions = coordinator_.repetitions();
  now.log_syncs = writer_.syncs();
  now.log_bytes = writer_.size();
  now.majority = reaches_majority();
  now.processors = processor_use_.processors();
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i]) now.peers.push_back({options_.members[i].name, links_[i]->healthy(), links_[i]->counters()});
  }
  return now;
}

}  // namespace quorum_kv
