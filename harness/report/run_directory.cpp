#include "report/run_directory.hpp"

#include <cerrno>
#include <fstream>
#include <optional>

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
  std::optional<std::system_error> failure;
  const auto write = [&](const char* name, const std::string& content) {
    try {
      write_file(run.directory + "/" + name, content);
    } catch (const std::system_error& error) {
      failure = error;
    }
  };
  write("report.json", json_report({run}, run.end.exit_code));
  write("report.md", markdown_report({run}));
  write("junit.xml", junit_report({run}));
  if (failure) throw *failure;
}

}  // namespace withstand::report
