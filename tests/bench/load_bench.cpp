// How well the load generator keeps its promises: operations per second, how late it hands them over, and how fast its
// histories are read. A load process and a trivial HTTP responder, two processes on one machine over loopback.
//
//   bench_load [SECONDS]     (default 5 per rate)

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/event_loop.hpp"
#include "load/load_client.hpp"
#include "load/load_process.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"
#include "record/histogram.hpp"
#include "record/history.hpp"

namespace withstand {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;

/// Answers every request that fits one read with the same 200.
struct Session : std::enable_shared_from_this<Session> {
  explicit Session(tcp::socket accepted) : socket(std::move(accepted)) { socket.set_option(tcp::no_delay(true)); }
  void serve() {
    socket.async_read_some(asio::buffer(bytes), [self = shared_from_this()](auto error, std::size_t) {
      if (error) return;
      static const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"value\":\"x\"}";
      asio::async_write(self->socket, asio::buffer(answer), [self](auto failed, std::size_t) {
        if (!failed) self->serve();
      });
    });
  }
  tcp::socket socket;
  std::array<char, 4096> bytes;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](auto error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket))->serve();
    accept(acceptor);
  });
}

/// Runs `body` in a child of its own.
template <class Body>
pid_t in_child(Body body) {
  const pid_t pid = os::check("fork", ::fork());
  if (pid == 0) ::_exit(body());
  return pid;
}

struct Measured {
  load::Summary summary;
  record::Histogram response;
  double cpu_seconds = 0;  ///< of the load process
};

/// Waits for a child's end; the time it computed.
double cpu_time_of(pid_t pid) {
  rusage used{};
  os::check("wait for the load process", ::wait4(pid, nullptr, 0, &used));
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

load::Config config_for(std::int64_t port, const std::string& history) {
  load::Config config;
  config.workload = "register";
  config.driver = "http";
  config.endpoints = {{"n1", "127.0.0.1", port}};
  config.in_flight = 1024;
  config.epoch = core::now().count();
  config.history = history;
  return config;
}

Measured run(const load::Config& config, std::chrono::seconds time) {
  auto pair = os::make_socket_pair();
  const pid_t pid = in_child([&] {
    pair.first.reset();
    return load::LoadProcess(std::move(pair.second)).run();
  });
  pair.second.reset();
  core::EventLoop loop;
  std::optional<load::Summary> summary;
  load::LoadClient::Callbacks callbacks;
  callbacks.on_finished = [&](const load::Summary& told) { summary = told; };
  callbacks.on_death = [](const std::string& why) { throw std::runtime_error(why); };
  load::LoadClient client(loop, std::move(pair.first), config, callbacks);
  client.start(core::now() + milliseconds(100));
  loop.run_for(time + milliseconds(100));
  client.stop();
  loop.run_until([&] { return summary.has_value(); }, core::now() + std::chrono::seconds(10));
  client.exit();
  Measured out;
  out.cpu_seconds = cpu_time_of(pid);
  out.summary = summary.value();
  std::ifstream in(config.history);
  for (const auto& operation : record::read_history(in).operations) {
    out.response.record(record::response_time(operation, config.timeout));
  }
  return out;
}

double us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

void measure_rates(std::int64_t port, std::chrono::seconds time, const std::string& folder) {
  fmt::print("{:>10} {:>10} {:>8} {:>8} {:>10} {:>10} {:>10} {:>12} {:>12}\n", "due/s", "ok/s", "failed", "dropped",
             "lag p50", "lag p99", "lag max", "response p99", "CPU per op");
  for (const std::int64_t rate : {400, 2'000, 10'000, 20'000, 40'000, 60'000, 100'000}) {
    const auto history = folder + "/" + std::to_string(rate) + ".jsonl";
    auto config = config_for(port, history);
    config.rate_millihertz = rate * 1000;
    const auto measured = run(config, time);
    const auto& summary = measured.summary;
    fmt::print("{:>10} {:>10.0f} {:>8} {:>8} {:>7.1f} us {:>7.1f} us {:>7.0f} us {:>9.0f} us {:>9.1f} us\n", rate,
               static_cast<double>(summary.ok) / static_cast<double>(time.count()), summary.fail + summary.info,
               summary.dropped, us(summary.lag_p50), us(summary.lag_p99), us(summary.lag_max),
               us(measured.response.percentile(99)),
               measured.cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(summary.planned, 1)));
    std::filesystem::remove(history);
  }
}

/// Requests per second that wrk reports of the same responder, with as many connections; 0: it is not installed.
double rate_of_wrk(std::int64_t port, int connections, std::chrono::seconds time) {
  const auto command =
      fmt::format("wrk -t1 -c{} -d{}s http://127.0.0.1:{}/ 2>/dev/null", connections, time.count(), port);
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) return 0;
  std::array<char, 256> line{};
  double rate = 0;
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr)
    (void)std::sscanf(line.data(), "Requests/sec: %lf", &rate);
  return rate;
}

/// As fast as answers come: the most that one core can ask, beside the same of wrk, which keeps no history.
void measure_most(std::int64_t port, std::chrono::seconds time, const std::string& folder) {
  constexpr int users = 64;
  auto config = config_for(port, folder + "/most.jsonl");
  config.users = users;
  const auto measured = run(config, time);
  const double rate = static_cast<double>(measured.summary.ok) / static_cast<double>(time.count());
  const double wrk = rate_of_wrk(port, users, time);
  fmt::print("{} users in a closed loop: {:.0f}/s, {:.1f} us of CPU per operation", users, rate,
             measured.cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(measured.summary.planned, 1)));
  if (wrk > 0) fmt::print("; wrk beside it: {:.0f}/s, ratio {:.2f}", wrk, rate / wrk);
  fmt::print("\n");
  std::filesystem::remove(config.history);
}

void measure_reader(const std::string& folder) {
  constexpr std::uint64_t count = 1'000'000;
  const auto path = folder + "/long.jsonl";
  {
    std::ofstream out(path);
    for (std::uint64_t id = 0; id < count; ++id) {
      record::Operation operation;
      operation.id = id;
      operation.process = static_cast<std::uint32_t>(id % 50);
      operation.op = id % 2 == 0 ? "read" : "write";
      operation.key = fmt::format("k{}", id % 16);
      operation.value = fmt::format("c1-{}", id / 2);
      operation.node = "n1";
      operation.intended = static_cast<std::int64_t>(id) * 2'500'000;
      operation.sent = operation.intended + 40'000;
      operation.done = operation.sent + 1'500'000;
      operation.outcome = record::Outcome::ok;
      out << record::invoke_line(operation) << '\n' << record::completion_line(operation) << '\n';
    }
  }
  const auto begin = core::now();
  std::ifstream in(path);
  const auto reading = record::read_history(in);
  fmt::print("history: {} operations ({} MB) read in {:.2f} s\n", reading.operations.size(),
             std::filesystem::file_size(path) / 1'000'000, std::chrono::duration<double>(core::now() - begin).count());
}

}  // namespace
}  // namespace withstand

int main(int count, char** arguments) {
  using namespace withstand;
  const std::chrono::seconds time(count > 1 ? std::atoi(arguments[1]) : 5);
  std::string folder = (std::filesystem::temp_directory_path() / "withstand-bench-load-XXXXXX").string();
  os::check_pointer("make a folder", ::mkdtemp(folder.data()));
  asio::io_context context{1};
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  const auto port = acceptor.local_endpoint().port();
  const pid_t responder = in_child([&] {
    context.notify_fork(asio::io_context::fork_child);
    ::alarm(600);
    accept(acceptor);
    context.run();
    return 0;
  });
  acceptor.close();
  measure_rates(port, time, folder);
  measure_most(port, time, folder);
  measure_reader(folder);
  ::kill(responder, SIGTERM);
  ::waitpid(responder, nullptr, 0);
  std::filesystem::remove_all(folder);
  return 0;
}
