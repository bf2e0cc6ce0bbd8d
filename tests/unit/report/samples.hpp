#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"

/// Made-up runs, one for each shape that a report must tell, as the events a real run would write.
namespace withstand::report::samples {

struct Sample {
  std::string name;
  std::vector<record::JournalEntry> entries;
  std::string tail;  ///< of the journal, as it stands in the file: a torn line
};

const std::vector<Sample>& all();
std::vector<std::string> names();
const Sample& named(const std::string& name);

std::string journal(const Sample& sample);       ///< the file's content
record::RunRecord run_of(const Sample& sample);  ///< read back from it, as every report is; directory "runs/NAME"
record::RunRecord run_of(const std::string& name);

/// The hostile sample, in which every text tries to become a program of an HTML page, which would set `taken`.
record::RunRecord attacking();

}  // namespace withstand::report::samples
