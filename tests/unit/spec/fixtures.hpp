#pragma once

#include <map>
#include <string>

#include "spec/reader.hpp"

/// A small catalogue and two targets, so that the reader can be tested without the real ones.
namespace withstand::spec::fixtures {

/// network.latency, network.loss, network.partition, process.kill, process.pause, in the shape of the real kinds.
class Kinds : public KindTable {
 public:
  Kinds();
  [[nodiscard]] const KindSchema* find(std::string_view kind) const override;
  [[nodiscard]] std::vector<std::string> kinds() const override;
  /// network.partition: `shape` with `on`, or `groups`, or `from` and `to`.
  [[nodiscard]] std::vector<Objection> objections(const FaultSpec& fault) const override;

 private:
  std::map<std::string, KindSchema, std::less<>> kinds_;
};

/// "kv" (one kind, three nodes), "redis-sentinel" (two kinds, roles) and "broken"; everything else is not found.
class Targets : public TargetSource {
 public:
  [[nodiscard]] Found find(std::string_view use, std::string_view from) const override;
};

/// The text of tests/golden/spec/targets/NAME.toml.
std::string target_text(const std::string& name);
/// A whole file; empty when it cannot be read.
std::string contents(const std::string& path);

/// Reads an experiment called "x.toml" against the two above.
Reading<Experiment> read(std::string_view text);
/// The same, rendered: empty when nothing is wrong.
std::string complaints(std::string_view text);

}  // namespace withstand::spec::fixtures
