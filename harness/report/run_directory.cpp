#include "report/run_directory.hpp"

#include <cerrno>
#include <fstream>

#include <system_error>

#include "report/files.hpp"
#include "report/json.hpp"
#include "report/junit.hpp"
#include "report/markdown.hpp"

namespace withstand::report {

record::RunRecord load_run(const std::string& directory) {
  const std::string path = directory + "/journal.jsonl";
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::system_error(errno, std::generic_category(), "open " + path);
  record::RunRecord run = record::read_run(in);
  run.directory = directory;
  return run;
}

void write_reports(const record::RunRecord& run) {
  write_file(run.directory + "/report.json", json_report({run}, run.end.exit_code));
  write_file(run.directory + "/report.md", markdown_report({run}));
  write_file(run.directory + "/junit.xml", junit_report({run}));
}

}  // namespace withstand::report
