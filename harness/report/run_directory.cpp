#include "report/run_directory.hpp"

#include <cerrno>
#include <fstream>
#include <optional>

#include <system_error>

#include "report/files.hpp"
#include "report/html.hpp"
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
  const auto write = [&](const char* name, const auto& make) {
    try {
      write_file(run.directory + "/" + name, make());
    } catch (const std::system_error& error) {
      failure = error;
    }
  };
  write("report.json", [&] { return json_report({run}, run.end.exit_code); });
  write("report.md", [&] { return markdown_report({run}); });
  write("junit.xml", [&] { return junit_report({run}); });
  write("report.html", [&] { return html_report(run); });  // the last one: it has links to the others
  if (failure) throw *failure;
}

}  // namespace withstand::report
