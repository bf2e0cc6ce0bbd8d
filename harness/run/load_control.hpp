#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/local_lab.hpp"
#include "load/load_client.hpp"
#include "record/history.hpp"
#include "spec/experiment.hpp"

namespace withstand::run {

/// The load of a run: one process per client node, each in its node's namespaces, started and stopped together.
class LoadControl {
 public:
  using OnSecond = std::function<void(const record::LoadSecond&)>;

  /// Starts the processes; they wait. `run_directory` gets one history per client.
  LoadControl(lab::LocalLab& lab, const spec::Experiment& experiment, std::uint64_t seed, core::Instant epoch,
              const std::string& run_directory, OnSecond on_second);
  ~LoadControl();

  void start(core::Instant at);
  void stop();  ///< no further operation; finished() follows
  /// Reads back through `nodes` for at most `within`; read_back() follows.
  void final_reads(const std::vector<std::string>& nodes, std::chrono::nanoseconds within);
  [[nodiscard]] bool ready() const { return ready_ == clients_.size(); }
  [[nodiscard]] bool finished() const { return summaries_.size() == clients_.size(); }
  [[nodiscard]] bool read_back() const { return final_reads_ == clients_.size(); }
  /// Why the load cannot go on; nothing while it can.
  [[nodiscard]] const std::optional<std::string>& death() const { return death_; }
  /// How far the generator itself ran behind its plan: the worst client.
  [[nodiscard]] load::Summary summary() const;
  /// All clients' operations. Call after the load has finished.
  [[nodiscard]] std::vector<record::Operation> operations(std::vector<std::string>& problems) const;

  struct Figures {
    double ops_per_second = 0;
    std::uint64_t errors = 0;
    std::int64_t p99 = 0;
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  struct Client {
    lab::HelperProcess process;
    std::unique_ptr<load::LoadClient> control;
    std::string history;
  };
  void second(const std::vector<record::LoadSecond>& entries);
  void close(std::int64_t second);

  OnSecond on_second_;
  std::vector<Client> clients_;
  std::size_t ready_ = 0, final_reads_ = 0;
  std::vector<load::Summary> summaries_;
  std::optional<std::string> death_;
  Figures figures_;
  /// Seconds that not all clients have reported yet; with several clients the percentiles shown are the worst client's.
  std::map<std::pair<std::int64_t, std::string>, std::pair<std::size_t, record::LoadSecond>> pending_;
};

}  // namespace withstand::run
