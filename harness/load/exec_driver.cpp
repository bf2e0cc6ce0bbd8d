#include "load/exec_driver.hpp"

#include <csignal>
#include <istream>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#define BOOST_PROCESS_USE_STD_FS 1
#include <boost/process/args.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/child.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>
#include <fmt/format.h>
#include <sys/prctl.h>

#include "load/exec_protocol.hpp"

namespace withstand::load {
namespace {

namespace asio = boost::asio;
namespace process = boost::process;
using boost::system::error_code;

constexpr std::size_t longest_answer = 128U << 20;

std::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::filesystem::path found = process::search_path(name);
  if (found.empty()) throw std::runtime_error(fmt::format("there is no program '{}' in PATH for driver 'exec'", name));
  return found;
}

class ExecDriver : public Driver {
 public:
  ExecDriver(const Config& config, asio::io_context& context, std::function<void(const std::string&)> on_broken)
      : program_(config.command.front()),
        on_broken_(std::move(on_broken)),
        input_(context),
        output_(context),
        child_(process::exe = find_program(program_),
               process::args = std::vector<std::string>(config.command.begin() + 1, config.command.end()),
               process::std_in<input_, process::std_out> output_,
               process::extend::on_exec_setup([](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGKILL); })) {
    say(exec_greeting(config));
    read();
  }

  ~ExecDriver() override {
    *alive_ = false;
    error_code ignored;
    input_.close(ignored);
    output_.close(ignored);
    std::error_code gone;
    child_.terminate(gone);
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
    if (writing_.empty()) write();
  }

  void write() {
    writing_ = std::exchange(pending_, {});
    asio::async_write(input_, asio::buffer(writing_), [this, alive = alive_](const error_code& error, std::size_t) {
      if (!*alive) return;
      writing_.clear();
      if (error) return give_up(fmt::format("takes no requests any more: {}", error.message()));
      if (!pending_.empty()) write();
    });
  }

  void read() {
    asio::async_read_until(output_, answers_, '\n', [this, alive = alive_](const error_code& error, std::size_t) {
      if (!*alive) return;
      if (error == asio::error::not_found) return give_up("wrote a line without end");
      if (error) return give_up("ended");
      std::string line;
      std::istream in(&answers_);
      std::getline(in, line);
      take(line);
      if (*alive && !broken_) read();
    });
  }

  void take(const std::string& line) {
    auto answer = exec_answer(line);
    if (!answer) return give_up(fmt::format("wrote what is no answer: {}", line.substr(0, 200)));
    const auto found = waiting_.find(answer->id);
    if (found == waiting_.end()) return;  // its timeout was first
    const Done done = std::move(found->second);
    waiting_.erase(found);
    done(std::move(answer->response));
  }

  void give_up(const std::string& what) {
    if (std::exchange(broken_, true)) return;
    const auto waiting = std::exchange(waiting_, {});
    for (const auto& [id, done] : waiting) done({Fate::unknown, std::nullopt, "", "the program " + what});
    if (on_broken_) on_broken_(fmt::format("the load's program '{}' {}", program_, what));
  }

  std::string program_;
  std::function<void(const std::string&)> on_broken_;
  process::async_pipe input_, output_;
  process::child child_;
  asio::streambuf answers_{longest_answer};
  std::string pending_, writing_;
  std::unordered_map<std::uint64_t, Done> waiting_;
  bool broken_ = false;
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
