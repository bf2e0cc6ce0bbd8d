#include "run/load_control.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "spec/template_scope.hpp"

namespace withstand::run {
namespace {

/// For a load process that is hung up on to end its program and reap it.
constexpr int to_leave_ms = 2'000;

}  // namespace

LoadControl::LoadControl(lab::LocalLab& lab, const spec::Experiment& experiment, std::uint64_t seed,
                         core::Instant epoch, const std::string& run_directory, OnSecond on_second)
    : on_second_(std::move(on_second)) {
  const auto& topology = lab.topology();
  const auto nodes = topology.clients();
  for (const auto node : nodes) {
    const auto& info = topology.at(node);
    auto options = experiment.load->options;
    options.insert(experiment.target.driver_options.begin(), experiment.target.driver_options.end());
    for (auto& [name, text] : options) text = lab.expand(node, spec::keep_driver_words(text));
    Client client;
    client.history = nodes.size() == 1 ? run_directory + "/history.jsonl"
                                       : fmt::format("{}/history-{}.jsonl", run_directory, info.name);
    auto config = load::make_config(experiment, topology, info, options, seed, epoch.count(), client.history);
    auto command = lab.load_command(node);
    config.command = std::move(command.argv);
    config.folder = std::move(command.folder);
    load::LoadClient::Callbacks callbacks;
    callbacks.on_ready = [this] { ++ready_; };
    callbacks.on_second = [this](const auto& entries) { second(entries); };
    callbacks.on_finished = [this](const load::Summary& summary) { summaries_.push_back(summary); };
    callbacks.on_final_reads = [this](const load::FinalReads&) { ++final_reads_; };
    callbacks.on_death = [this, name = info.name](const std::string& why) {
      if (!death_) death_ = fmt::format("the load generator on {} ended: {}", name, why);
    };
    client.process = lab.spawn_in(node, {"__load"});
    client.control =
        std::make_unique<load::LoadClient>(lab.loop(), std::move(client.process.control()), config, callbacks);
    clients_.push_back(std::move(client));
  }
}

LoadControl::~LoadControl() {
  for (auto& client : clients_) client.control.reset();
  for (auto& client : clients_) {
    try {
      client.process.finish(to_leave_ms);
    } catch (const std::exception&) {  // it is killed with us
    }
  }
}

void LoadControl::start(core::Instant at) {
  for (auto& client : clients_) client.control->start(at);
}

void LoadControl::stop() {
  for (auto& client : clients_) client.control->stop();
}

void LoadControl::final_reads(const std::vector<std::string>& nodes, std::chrono::nanoseconds within) {
  for (auto& client : clients_) client.control->final_reads(nodes, within);
}

load::Summary LoadControl::summary() const {
  load::Summary worst;
  for (const auto& one : summaries_) {
    worst.planned += one.planned;
    worst.ok += one.ok;
    worst.fail += one.fail;
    worst.info += one.info;
    worst.dropped += one.dropped;
    worst.most_in_flight = std::max(worst.most_in_flight, one.most_in_flight);
    worst.late += one.late;
    worst.lag_p50 = std::max(worst.lag_p50, one.lag_p50);
    worst.lag_p99 = std::max(worst.lag_p99, one.lag_p99);
    worst.lag_max = std::max(worst.lag_max, one.lag_max);
  }
  return worst;
}

std::vector<record::Operation> LoadControl::operations(std::vector<std::string>& problems) const {
  std::vector<record::Operation> all;
  for (const auto& client : clients_) {
    std::ifstream in(client.history);
    auto reading = record::read_history(in);
    if (!reading.contradiction.empty()) reading.problems.push_back(std::move(reading.contradiction));
    for (const auto& problem : reading.problems) problems.push_back(client.history + ": " + problem);
    std::move(reading.operations.begin(), reading.operations.end(), std::back_inserter(all));
  }
  return all;
}

void LoadControl::second(const std::vector<record::LoadSecond>& entries) {
  for (const auto& entry : entries) {
    auto& [reported, sum] = pending_[{entry.second, entry.op}];
    sum.op = entry.op;
    sum.second = entry.second;
    sum.ok += entry.ok;
    sum.fail += entry.fail;
    sum.info += entry.info;
    sum.dropped += entry.dropped;
    sum.late += entry.late;
    sum.p50 = std::max(sum.p50, entry.p50);
    sum.p99 = std::max(sum.p99, entry.p99);
    sum.max = std::max(sum.max, entry.max);
    ++reported;
    // Each client tells its own operation kinds and then all of them together: that entry closes its second.
    if (sum.op.empty() && reported == clients_.size()) close(entry.second);
  }
}

void LoadControl::close(std::int64_t second) {
  const auto from = pending_.lower_bound({second, ""}), to = pending_.lower_bound({second + 1, ""});
  for (auto it = from; it != to; ++it) {
    const auto& sum = it->second.second;
    if (sum.op.empty()) {
      figures_.ops_per_second = static_cast<double>(sum.ok);
      figures_.errors += sum.fail + sum.info + sum.dropped;
      figures_.p99 = sum.p99;
    }
    on_second_(sum);
  }
  pending_.erase(from, to);
}

}  // namespace withstand::run
