#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

/// The program as a user has it: started with arguments in the project's root, judged by what comes out.
namespace withstand::cli_test {

struct Outcome {
  int status = 0;  ///< exit status; 128 + signal when one killed it
  std::string out, err;
};

/// What a child does before it becomes `withstand`: hide a device, become somebody else.
using Before = std::function<void()>;

/// For root: somebody who is not, on a machine whose device files are as udev makes them.
void become_somebody();
/// False where the project's folder is closed to other users: then nobody else can run it.
[[nodiscard]] bool somebody_may_read_the_project();

class Running {
 public:
  Running(std::vector<std::string> arguments, const Before& before);
  ~Running();  ///< kills it when it still runs
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Waits until stderr holds this text; false when it ended, or a minute went by, without.
  [[nodiscard]] bool wait_for_progress(const std::string& text) const;
  void signal(int number) const;
  [[nodiscard]] Outcome wait();

 private:
  std::filesystem::path out_, err_;
  pid_t pid_ = 0;
};

[[nodiscard]] Outcome withstand(const std::vector<std::string>& arguments, const Before& before = {});

/// A folder of the test's own, removed with it; for experiment files and run directories.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const;
  /// The only run directory under `runs`; fails the test when there is not exactly one.
  [[nodiscard]] std::string only_run() const;

 private:
  std::filesystem::path path_;
};

/// What a short experiment on quorum-kv is made of; every part can be replaced.
struct Parts {
  std::string faults = {};
  std::string expect = "before = [\"errors == 0%\"]\n";  ///< lines of [expect] beside its checks
  std::string during = "1500ms";
  std::string rest = {};  ///< further tables
};
[[nodiscard]] std::string short_experiment(const Parts& parts);

/// Empty when experiments can run here, else why not: for GTEST_SKIP.
[[nodiscard]] std::string why_no_run();
[[nodiscard]] std::string read(const std::string& path);

}  // namespace withstand::cli_test
