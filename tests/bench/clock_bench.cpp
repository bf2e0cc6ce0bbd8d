// What a reading of a clock costs inside a domain, and what giving a program its clock costs: ratios within one run.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <time.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/priority.hpp"
#include "lab/clock/filter.hpp"
#include "lab/clock/shapes.hpp"
#include "lab/clock/supervisor.hpp"
#include "os/ancillary.hpp"

namespace {

using namespace withstand;
using namespace withstand::lab::clock;

constexpr int rounds = 5, readings = 200'000;

/// The best of several rounds, in nanoseconds a reading.
double cost_of_reading() {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    timespec now{};
    const Ns start = steady_now();
    for (int i = 0; i < readings; ++i) ::clock_gettime(CLOCK_REALTIME, &now);
    best = std::min(best, static_cast<double>(steady_now() - start) / readings);
  }
  return best;
}

/// The mean of many runs of a program that ends at once, in microseconds.
double cost_of_exec(int count) {
  const Ns start = steady_now();
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::vfork();
    if (child == 0) {
      ::execl("/bin/true", "true", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::waitpid(child, nullptr, 0);
  }
  return static_cast<double>(steady_now() - start) / 1e3 / count;
}

/// A system call that nobody asks about, in nanoseconds.
double cost_of_call() {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const Ns start = steady_now();
    for (int i = 0; i < readings / 4; ++i) ::syscall(SYS_getppid);
    best = std::min(best, static_cast<double>(steady_now() - start) / (readings / 4));
  }
  return best;
}

/// A reading past the C library, which the supervisor answers, in nanoseconds.
double cost_of_raw_reading() {
  constexpr int count = 3'000;
  timespec now{};
  const Ns start = steady_now();
  for (int i = 0; i < count; ++i) ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return static_cast<double>(steady_now() - start) / count;
}

/// A wait until an instant that has come, in nanoseconds.
double cost_of_wait() {
  constexpr int count = 1'000;
  const timespec past{1, 0};
  const Ns start = steady_now();
  for (int i = 0; i < count; ++i) ::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, nullptr);
  return static_cast<double>(steady_now() - start) / count;
}

/// In the program that is executed: one figure on standard output.
int measure_here(const std::string& what) {
  const double figure = what == "read"   ? cost_of_reading()
                        : what == "call" ? cost_of_call()
                        : what == "raw"  ? cost_of_raw_reading()
                        : what == "wait" ? cost_of_wait()
                                         : cost_of_exec(300);
  std::printf("%.3f\n", figure);
  return 0;
}

using Change = std::function<void(Domain&, Ns)>;

/// Runs a program in a domain (or without one); `on_output` sees what it has written so far. All that in the end.
std::string run_program(Supervisor* supervisor, Supervisor::Id domain, const std::vector<std::string>& argv,
                        const std::vector<std::string>& environment = {},
                        const std::function<void(const std::string&)>& on_output = {}) {
  os::Pipe output = os::make_pipe();
  os::SocketPair socket = os::make_socket_pair();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(output.write.get(), STDOUT_FILENO);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const auto& each : environment) ::putenv(const_cast<char*>(each.c_str()));
    if (supervisor != nullptr) {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      const os::Fd listener = install_filter();
      os::send_message(socket.second.get(), "L", {listener.get()});
    }
    std::vector<char*> words;
    for (const auto& each : argv) words.push_back(const_cast<char*>(each.c_str()));
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  output.write.reset();
  socket.second.reset();
  if (supervisor != nullptr) {
    auto message = os::receive_message(socket.first.get());
    supervisor->listen(domain, std::move(message->descriptors.at(0)));
    os::set_nonblocking(output.read);
  }
  std::string text;
  char buffer[256];
  for (;;) {
    if (supervisor != nullptr) supervisor->serve(steady_now() + second, std::array{output.read.get()});
    const auto got = ::read(output.read.get(), buffer, sizeof buffer);
    if (got == 0) break;
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got > 0 && on_output) on_output(text);
  }
  ::waitpid(child, nullptr, 0);
  return text;
}

/// Runs this program so and reads its figure.
double run(Supervisor* supervisor, Supervisor::Id domain, const char* what,
           const std::vector<std::string>& environment = {}) {
  return std::atof(run_program(supervisor, domain, {"/proc/self/exe", "--here", what}, environment).c_str());
}

Change add(Deviation (*shape)(Ns)) {
  return [shape](Domain& domain, Ns at) {
    Share share;
    share.deviation = shape(at);
    domain.add(share, at);
  };
}

void line(const std::string& what, double figure, double native) {
  fmt::print("{:<34}{:>9.1f} ns   {:>5.2f} of native\n", what, figure, figure / native);
}

void readings_table() {
  Supervisor supervisor;
  const auto plain = supervisor.add_domain(), ahead = supervisor.add_domain(), fast = supervisor.add_domain(),
             leaping = supervisor.add_domain();
  supervisor.change(ahead, add([](Ns at) { return offset(at, 3'600 * second); }));
  supervisor.change(fast, add([](Ns at) { return drift(at, rate_of_ppb(200'000)); }));
  supervisor.change(leaping, add([](Ns at) { return smear(at, day, -second, Smear::cosine); }));
  const std::string library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
  std::vector<std::pair<std::string, std::function<double()>>> kinds{
      {"native", [] { return run(nullptr, 0, "read"); }},
      {"in a domain, no fault", [&] { return run(&supervisor, plain, "read"); }},
      {"offset", [&] { return run(&supervisor, ahead, "read"); }},
      {"drift", [&] { return run(&supervisor, fast, "read"); }},
      {"cosine smear (64 segments)", [&] { return run(&supervisor, leaping, "read"); }}};
  if (::access(library.c_str(), R_OK) == 0)
    kinds.emplace_back("libfaketime, offset", [&] {
      return run(nullptr, 0, "read", {"LD_PRELOAD=" + library, "FAKETIME=+1h"});
    });
  else
    fmt::print("libfaketime is not installed\n");
  // In turns, as the processor's speed may change.
  std::vector<double> best(kinds.size(), 1e9);
  for (int turn = 0; turn < 7; ++turn)
    for (std::size_t i = 0; i < kinds.size(); ++i) best[i] = std::min(best[i], kinds[i].second());
  for (std::size_t i = 0; i < kinds.size(); ++i) line(kinds[i].first, best[i], best[0]);
}

void calls_table() {
  Supervisor supervisor;
  const auto plain = supervisor.add_domain(), ahead = supervisor.add_domain();
  supervisor.change(ahead, add([](Ns at) { return offset(at, 3'600 * second); }));
  const std::pair<const char*, const char*> kinds[] = {{"call", "a system call not asked about"},
                                                       {"raw", "clock_gettime as a system call"},
                                                       {"wait", "clock_nanosleep until the past"}};
  for (const auto& [kind, what] : kinds) {
    const double native = run(nullptr, 0, kind);
    fmt::print("{:<34}native {:.0f} ns, in a domain {:.0f} ns, with an offset {:.0f} ns\n", what, native,
               run(&supervisor, plain, kind), run(&supervisor, ahead, kind));
  }
}

void execs_table() {
  Supervisor supervisor;
  const auto domain = supervisor.add_domain();
  const double native = run(nullptr, 0, "exec");
  const double inside = run(&supervisor, domain, "exec");
  const auto& coverage = supervisor.domain(domain).coverage;
  fmt::print(
      "exec and end of /bin/true          native {:.0f} us, in a domain {:.0f} us ({:.2f}); held {:.0f} us of it\n",
      native, inside, inside / native,
      static_cast<double>(coverage.inject_ns) / 1e3 / static_cast<double>(coverage.programs));
}

/// A jump while fifty processes of twenty threads do nothing but read the clock.
void switch_table() {
  constexpr int rounds_of_jumps = 5;
  const std::string victim = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "clock-victim-dynamic";
  if (::access(victim.c_str(), X_OK) != 0) return fmt::print("clock-victim-dynamic is not beside this program\n");
  core::Priority priority;  // as the supervisor of a lab has
  fmt::print("50 processes of 20 threads each read the clock, which jumps (µs; {} priority)\n",
             priority.realtime() ? "real-time" : "raised");
  for (int round = 0; round < rounds_of_jumps; ++round) {
    Supervisor supervisor;
    const auto domain = supervisor.add_domain();
    Supervisor::Switch made;
    Ns asked = 0;
    const auto text = run_program(&supervisor, domain, {victim, "spin", "50", "20", "30000"}, {}, [&](const auto&) {
      if (asked != 0) return;
      for (const Ns end = steady_now() + second / 2; steady_now() < end;) supervisor.serve(end);
      priority.review(core::now());
      asked = steady_now();
      made = supervisor.change(domain, add([](Ns at) { return offset(at, 3'600 * second); }));
    });
    long long last_old = 0, first_new = 0;
    const auto place = text.find("last-old");
    if (place == std::string::npos ||
        std::sscanf(text.c_str() + place, "last-old %lld first-new %lld", &last_old, &first_new) != 2)
      return fmt::print("the processes did not end\n");
    const auto microseconds = [&](Ns from, Ns to) { return static_cast<double>(to - from) / 1e3; };
    fmt::print(
        "  published {:>7.1f} after it was asked for, in force {:>7.1f}; the last reading of the old time began "
        "{:>7.1f} "
        "before that, the first of the new ended {:>6.1f} after\n",
        microseconds(asked, made.published), microseconds(asked, made.at), microseconds(last_old, made.at),
        microseconds(made.at, first_new));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--here") == 0) return measure_here(argv[2]);
  readings_table();
  calls_table();
  execs_table();
  switch_table();
  return 0;
}
