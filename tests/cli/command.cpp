#include "cli/command.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <sched.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

namespace withstand::cli_test {

namespace {

namespace fs = std::filesystem;

fs::path scratch_file() {
  std::string name = (fs::temp_directory_path() / "cli-test-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  if (fd >= 0) ::close(fd);
  return name;
}

[[noreturn]] void become_withstand(std::vector<std::string> arguments, const fs::path& out, const fs::path& err,
                                   const Before& before) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int standard_out = ::open(out.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  const int standard_err = ::open(err.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (::chdir(WITHSTAND_SOURCE_DIR) != 0 || standard_out < 0 || standard_err < 0) ::_exit(126);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(standard_out, STDOUT_FILENO);
  ::dup2(standard_err, STDERR_FILENO);
  for (const char* name : {"GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR"}) ::unsetenv(name);
  if (before) before();
  const std::string program = WITHSTAND_BINARY_DIR "/withstand";
  arguments.insert(arguments.begin(), "withstand");
  std::vector<char*> words;
  for (auto& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  ::_exit(127);
}

bool everybody_may_read(const fs::path& path) {
  for (auto one = path; one.has_relative_path(); one = one.parent_path()) {
    struct stat facts {};
    if (::stat(one.c_str(), &facts) != 0 || (facts.st_mode & 0005) != 0005) return false;
  }
  return true;
}

}  // namespace

bool somebody_may_read_the_project() {
  return everybody_may_read(WITHSTAND_SOURCE_DIR) && everybody_may_read(WITHSTAND_BINARY_DIR);
}

void become_somebody() {
  constexpr uid_t somebody = 54321;
  const bool ready = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     ::mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755") == 0 &&
                     ::mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)) == 0 &&
                     ::chmod("/dev/net/tun", 0666) == 0;
  ::unsetenv("XDG_RUNTIME_DIR");
  if (!ready || ::setgroups(0, nullptr) != 0 || ::setresgid(somebody, somebody, somebody) != 0 ||
      ::setresuid(somebody, somebody, somebody) != 0)
    ::_exit(125);
}

Running::Running(std::vector<std::string> arguments, const Before& before)
    : out_(scratch_file()), err_(scratch_file()), pid_(::fork()) {
  if (pid_ == 0) become_withstand(std::move(arguments), out_, err_, before);
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  fs::remove(out_);
  fs::remove(err_);
}

bool Running::wait_for_progress(const std::string& text) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    if (read(err_.string()).find(text) != std::string::npos) return true;
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

void Running::signal(int number) const { ::kill(pid_, number); }

Outcome Running::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(out_.string()), read(err_.string())};
}

Outcome withstand(const std::vector<std::string>& arguments, const Before& before) {
  return Running(arguments, before).wait();
}

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "cli-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return path(name);
}

std::string Folder::only_run() const {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(path_ / "runs")) found.push_back(entry.path().string());
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? "" : found.front();
}

std::string short_experiment(const Parts& parts) {
  return fmt::format(R"(title = "a short run"
seed = 7
[target]
use = "quorum-kv"
nodes = 3
[load]
workload = "register"
rate = "50/s"
keys = 4
timeout = "1s"
[phases]
warm_up = "300ms"
before = "500ms"
during = "{}"
after = "700ms"
{}
[expect]
{}checks = ["linearizable"]
{}
)",
                     parts.during, parts.faults, parts.expect, parts.rest);
}

std::string why_no_run() {
  static const Outcome doctor = withstand({"doctor"});
  return doctor.status == 0 ? "" : "no experiment can run here:\n" + doctor.out;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace withstand::cli_test
