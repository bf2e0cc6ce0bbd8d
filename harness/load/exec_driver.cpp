#include "load/exec_driver.hpp"

#include <chrono>
#include <csignal>
#include <istream>
#include <stdexcept>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <system_error>
#define BOOST_PROCESS_USE_STD_FS 1
#include <boost/process/args.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/child.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>
#include <fmt/format.h>

#include "load/exec_protocol.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/handshake.hpp"
#include "os/pidfd.hpp"
#include "os/process.hpp"
#include "spec/units.hpp"

namespace withstand::load {
namespace {

namespace asio = boost::asio;
namespace process = boost::process;
using boost::system::error_code;

constexpr std::size_t longest_answer = 128U << 20;
/// A program that ends closes its pipes first, and how it ended says more than that.
constexpr std::chrono::seconds end_after_hanging_up{1};

std::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::filesystem::path found = process::search_path(name);
  if (found.empty()) throw std::runtime_error(fmt::format("there is no program '{}' in PATH for driver 'exec'", name));
  return found;
}

/// In the fresh child. The program speaks to the target and has nothing to do with the lab: of what the harness may do
/// there it gets nothing.
template <class Executor>
void prepare_child(Executor& executor, const os::Parent& parent, const std::string& folder) {
  try {
    if (!folder.empty()) os::check("enter " + folder, ::chdir(folder.c_str()));
    os::reset_signals();
    os::forbid_new_privileges();
    os::drop_capabilities();
    parent.die_with(SIGKILL);
  } catch (const std::system_error& error) {
    executor.set_error(error.code(), os::attempt_of(error));
    ::_exit(126);
  }
}

os::Pidfd start_program(const Config& config, process::async_pipe& input, process::async_pipe& output) {
  const os::Parent self;
  process::child child(
      process::exe = find_program(config.command.front()),
      process::args = std::vector<std::string>(config.command.begin() + 1, config.command.end()),
      process::std_in<input, process::std_out> output,
      process::extend::on_exec_setup([&](auto& executor) { prepare_child(executor, self, config.folder); }));
  os::Pidfd pidfd = os::Pidfd::open(child.id());
  child.detach();
  return pidfd;
}

class ExecDriver : public Driver {
 public:
  ExecDriver(const Config& config, asio::io_context& context, std::function<void(const std::string&)> on_broken)
      : program_(config.command.front()),
        on_broken_(std::move(on_broken)),
        input_(context),
        output_(context),
        process_(start_program(config, input_, output_)),
        end_(context, process_.duplicate().release()),
        patience_(context) {
    say(exec_greeting(config));
    read();
    watch();
    limit_start(spec::Duration(config.start_limit));
  }

  /// It is reaped too: the node's init cannot end while a process of its PID namespace is left.
  ~ExecDriver() override {
    *alive_ = false;
    if (ended_) return;
    try {
      process_.send(SIGKILL);
      process_.reap();
    } catch (const std::exception&) {  // then it is killed with this process
    }
  }

  void when_ready(std::function<void()> ready) override {
    if (ready_) return ready();
    on_ready_ = std::move(ready);
  }

  void submit(const Request& request, Done done) override {
    if (broken_) return done({Fate::not_sent, std::nullopt, "", "the program has ended"});
    waiting_.emplace(request.id, std::move(done));
    say(exec_request(request));
  }

  Response abandon(std::uint64_t id) override {
    waiting_.erase(id);
    return {Fate::unknown, std::nullopt, "", "timeout"};
  }

 private:
  void say(const std::string& line) {
    pending_.append(line).push_back('\n');
    if (writing_.empty() && !hung_up_) write();
  }

  void write() {
    writing_ = std::exchange(pending_, {});
    asio::async_write(input_, asio::buffer(writing_), [this, alive = alive_](const error_code& error, std::size_t) {
      if (!*alive) return;
      writing_.clear();
      if (error) return hung_up("takes no requests any more");
      if (!pending_.empty()) write();
    });
  }

  void read() {
    asio::async_read_until(output_, answers_, '\n', [this, alive = alive_](const error_code& error, std::size_t) {
      if (!*alive) return;
      if (error == asio::error::not_found) return give_up("wrote a line without end");
      if (error) return hung_up("has closed its standard output");
      std::string line;
      std::istream in(&answers_);
      std::getline(in, line);
      take(line);
      if (*alive && !broken_) read();
    });
  }

  /// Its end, whoever still holds its pipes.
  void watch() {
    end_.async_wait(asio::posix::stream_descriptor::wait_read, [this, alive = alive_](const error_code& error) {
      if (!*alive || error) return;
      const auto how = process_.try_reap();
      if (!how) return watch();
      ended_ = true;
      give_up(how->to_text());
    });
  }

  void limit_start(spec::Duration limit) {
    patience_.expires_after(limit);
    patience_.async_wait([this, alive = alive_, limit](const error_code& error) {
      if (!*alive || error || ready_) return;
      give_up(fmt::format("did not answer its configuration with {{\"ready\":true}} within {}", spec::to_text(limit)));
    });
  }

  void hung_up(const std::string& what) {
    if (std::exchange(hung_up_, true)) return;
    patience_.expires_after(end_after_hanging_up);
    patience_.async_wait([this, alive = alive_, what](const error_code& error) {
      if (*alive && !error) give_up(what);
    });
  }

  void take(const std::string& line) {
    if (!ready_) return take_first(line);
    auto answer = exec_answer(line);
    if (!answer) return give_up(fmt::format("wrote what is no answer: {}", line.substr(0, 200)));
    const auto found = waiting_.find(answer->id);
    if (found == waiting_.end()) return;  // its timeout was first
    const Done done = std::move(found->second);
    waiting_.erase(found);
    done(std::move(answer->response));
  }

  void take_first(const std::string& line) {
    if (!exec_ready(line))
      return give_up(fmt::format("did not begin with {{\"ready\":true}}, but wrote: {}", line.substr(0, 200)));
    ready_ = true;
    if (!hung_up_) patience_.cancel();
    if (on_ready_) on_ready_();
  }

  void give_up(const std::string& what) {
    if (std::exchange(broken_, true)) return;
    const auto waiting = std::exchange(waiting_, {});
    for (const auto& [id, done] : waiting) done({Fate::unknown, std::nullopt, "", "the program " + what});
    if (on_broken_) on_broken_(fmt::format("the load's program '{}' {}", program_, what));
  }

  std::string program_;
  std::function<void(const std::string&)> on_broken_;
  std::function<void()> on_ready_;
  process::async_pipe input_, output_;
  os::Pidfd process_;
  asio::posix::stream_descriptor end_;
  asio::steady_timer patience_;
  asio::streambuf answers_{longest_answer};
  std::string pending_, writing_;
  std::unordered_map<std::uint64_t, Done> waiting_;
  bool ready_ = false, broken_ = false, ended_ = false, hung_up_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Driver> make_exec_driver(const Config& config, asio::io_context& context,
                                         std::function<void(const std::string&)> on_broken) {
  try {
    return std::make_unique<ExecDriver>(config, context, std::move(on_broken));
  } catch (const process::process_error& error) {
    throw std::runtime_error(fmt::format("start the load's program '{}': {}", config.command.front(), error.what()));
  }
}

std::vector<spec::Complaint> exec_objections(const Config& config) {
  if (!config.command.empty() && !config.command.front().empty()) return {};
  return {{"driver 'exec' has no program",
           "[load] command = [\"./my-client\"]: what it speaks is in harness/load/README.md"}};
}

}  // namespace withstand::load
