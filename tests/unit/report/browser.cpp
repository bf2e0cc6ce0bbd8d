#include "browser.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/wait.h>

namespace withstand::report {
namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 120'000;

[[noreturn]] void become(const std::string& program, const fs::path& folder, int commands, int answers) {
  // The protocol's descriptors are 3 and 4, which ours may be in the other order.
  const int in = ::fcntl(commands, F_DUPFD, 10), out = ::fcntl(answers, F_DUPFD, 10);
  ::dup2(in, 3);
  ::dup2(out, 4);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(nowhere, fd);
  const std::string profile = "--user-data-dir=" + folder.string();
  std::vector<const char*> arguments{program.c_str(),        "--headless=new",    "--remote-debugging-pipe",
                                     profile.c_str(),        "--disable-gpu",     "--no-first-run",
                                     "--disable-extensions", "--hide-scrollbars", "--disable-background-networking"};
  if (::geteuid() == 0) arguments.push_back("--no-sandbox");  // it refuses to be root with one
  arguments.push_back("about:blank");
  arguments.push_back(nullptr);
  ::execv(program.c_str(), const_cast<char* const*>(arguments.data()));
  ::_exit(127);
}

}  // namespace

std::string Browser::program() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return "";
}

Browser::Browser(const std::string& program)
    : folder_(fs::temp_directory_path() / fmt::format("withstand-browser-{}", ::getpid())) {
  fs::create_directories(folder_);
  int to_browser[2], from_browser[2];
  if (::pipe2(to_browser, O_CLOEXEC) != 0 || ::pipe2(from_browser, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe for the browser");
  pid_ = ::fork();
  if (pid_ == 0) become(program, folder_, to_browser[0], from_browser[1]);
  ::close(to_browser[0]);
  ::close(from_browser[1]);
  commands_ = to_browser[1];
  answers_ = from_browser[0];
  const auto target = call("Target.createTarget", {{"url", "about:blank"}}).at("targetId");
  session_ = call("Target.attachToTarget", {{"targetId", target}, {"flatten", true}}).at("sessionId");
  for (const char* domain : {"Page", "Runtime", "Log", "Network"}) call(std::string(domain) + ".enable");
}

Browser::~Browser() {
  ::close(commands_);  // it ends when nobody can tell it anything any more
  ::close(answers_);
  for (int i = 0; i < 100 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) ::usleep(50'000);
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Browser::resize(int width, int height) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
}

void Browser::prefer_dark(bool dark) {
  call("Emulation.setEmulatedMedia",
       {{"features", {{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}}}});
}

void Browser::open(const fs::path& file) {
  events_.clear();
  page_ = "file://" + fs::absolute(file).string();
  call("Page.navigate", {{"url", page_}});
  await("Page.loadEventFired");
}

nlohmann::json Browser::evaluate(const std::string& expression) {
  const auto answer =
      call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
  if (answer.contains("exceptionDetails")) throw std::runtime_error(answer.at("exceptionDetails").dump());
  return answer.at("result").value("value", nlohmann::json());
}

void Browser::press(const std::string& key) {
  nlohmann::json event{{"type", "keyDown"}, {"key", key}};
  if (key.size() == 1) event["text"] = key;
  if (key == "Tab") event["windowsVirtualKeyCode"] = 9;
  call("Input.dispatchKeyEvent", event);
  event["type"] = "keyUp";
  event.erase("text");
  call("Input.dispatchKeyEvent", event);
}

void Browser::drag(int from_x, int to_x, int y) {
  const auto mouse = [&](const char* type, int x) {
    call("Input.dispatchMouseEvent",
         {{"type", type}, {"x", x}, {"y", y}, {"button", "left"}, {"buttons", 1}, {"clickCount", 1}});
  };
  mouse("mouseMoved", from_x);
  mouse("mousePressed", from_x);
  mouse("mouseMoved", (from_x + to_x) / 2);
  mouse("mouseMoved", to_x);
  mouse("mouseReleased", to_x);
}

std::size_t Browser::print() {
  return call("Page.printToPDF", {{"printBackground", true}}).at("data").get_ref<const std::string&>().size() / 4 * 3;
}

std::vector<std::string> Browser::complaints() const {
  std::vector<std::string> out;
  for (const auto& event : events_) {
    const std::string method = event.value("method", "");
    if (method == "Runtime.exceptionThrown" || method == "Log.entryAdded" || method == "Runtime.consoleAPICalled")
      out.push_back(event.at("params").dump());
  }
  return out;
}

std::vector<std::string> Browser::requests() const {
  std::vector<std::string> out;
  for (const auto& event : events_) {
    if (event.value("method", "") != "Network.requestWillBeSent") continue;
    const std::string url = event.at("params").at("request").at("url");
    if (url != page_) out.push_back(url);
  }
  return out;
}

nlohmann::json Browser::call(const std::string& method, nlohmann::json parameters) {
  nlohmann::json message{{"id", ++number_}, {"method", method}, {"params", std::move(parameters)}};
  if (!session_.empty()) message["sessionId"] = session_;
  const std::string line = message.dump() + '\0';
  for (std::size_t done = 0; done < line.size();) {
    const auto wrote = ::write(commands_, line.data() + done, line.size() - done);
    if (wrote <= 0) throw std::runtime_error("the browser is gone");
    done += static_cast<std::size_t>(wrote);
  }
  while (true) {
    auto answer = receive();
    if (answer.value("id", 0) != number_) {
      events_.push_back(std::move(answer));
      continue;
    }
    if (answer.contains("error")) throw std::runtime_error(method + ": " + answer.at("error").dump());
    return answer.at("result");
  }
}

nlohmann::json Browser::receive() {
  std::size_t end = 0;
  while ((end = buffer_.find('\0')) == std::string::npos) {
    pollfd ready{answers_, POLLIN, 0};
    if (::poll(&ready, 1, patience_ms) <= 0) throw std::runtime_error("the browser says nothing");
    char piece[65536];
    const auto got = ::read(answers_, piece, sizeof piece);
    if (got <= 0) throw std::runtime_error("the browser is gone");
    buffer_.append(piece, static_cast<std::size_t>(got));
  }
  auto message = nlohmann::json::parse(buffer_.substr(0, end));
  buffer_.erase(0, end + 1);
  return message;
}

void Browser::await(const std::string& event) {
  const auto is_it = [&](const nlohmann::json& one) { return one.value("method", "") == event; };
  while (std::none_of(events_.begin(), events_.end(), is_it)) events_.push_back(receive());
}

}  // namespace withstand::report
