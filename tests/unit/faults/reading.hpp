#pragma once

#include <string>

#include "catalog/catalog.hpp"
#include "spec/reader.hpp"

/// Experiment files with one fault, as they are read.
namespace withstand::faults {

class NoTargets : public spec::TargetSource {
 public:
  [[nodiscard]] Found find(std::string_view, std::string_view) const override { return {"", "", "there is none"}; }
};

/// `keys`: what the fault's table holds beside `kind`; they stand from line 6 on.
inline spec::Reading<spec::Experiment> reading_of(const std::string& kind, const std::string& keys, int nodes = 3) {
  static const core::Catalog kinds = catalog();
  const std::string text = "[target]\ncommand = [\"x\"]\nnodes = " + std::to_string(nodes) + "\n[[fault]]\nkind = \"" +
                           kind + "\"\n" + keys + "\n";
  return spec::read_experiment(text, "x.toml", kinds, NoTargets());
}

inline std::string complaints_about(const std::string& kind, const std::string& keys, int nodes = 3) {
  const auto reading = reading_of(kind, keys, nodes);
  return spec::render(reading.diagnostics, reading.sources);
}

}  // namespace withstand::faults
