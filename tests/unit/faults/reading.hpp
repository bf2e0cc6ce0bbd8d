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

/// `keys`: what the fault's table holds beside `kind`.
inline spec::Reading<spec::Experiment> reading_of(const std::string& kind, const std::string& keys) {
  static const core::Catalog kinds = catalog();
  const std::string text = "[target]\ncommand = [\"x\"]\nnodes = 3\n[[fault]]\nkind = \"" + kind + "\"\n" + keys;
  return spec::read_experiment(text, "x.toml", kinds, NoTargets());
}

inline std::string complaints_about(const std::string& kind, const std::string& keys) {
  const auto reading = reading_of(kind, keys);
  return spec::render(reading.diagnostics, reading.sources);
}

}  // namespace withstand::faults
