#pragma once

#include <string>

#include "run/experiment_file.hpp"

namespace withstand::run {

/// The directory a run leaves: OUTPUT/YYYYMMDD-HHMMSS-NAME-xxxx with copies of what was run.
class RunFolder {
 public:
  RunFolder(const std::string& output, const ExperimentFile& file);
  [[nodiscard]] const std::string& path() const { return path_; }  ///< absolute
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string operator/(const std::string& inside) const { return path_ + "/" + inside; }

 private:
  std::string path_, name_;
};

}  // namespace withstand::run
