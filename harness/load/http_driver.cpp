#include "load/http_driver.hpp"

#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <variant>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "load/chooser.hpp"
#include "load/connections.hpp"
#include "load/http_options.hpp"
#include "load/http_reply.hpp"

namespace withstand::load {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

std::string fill_in(std::string pattern, const Request& request) {
  replace_all(pattern, "{key}", request.key);
  replace_all(pattern, "{value}", request.value);
  return pattern;
}

/// What the options of driver "http" describe.
class DescribedDialect : public HttpDialect {
 public:
  explicit DescribedDialect(HttpOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Message message(const Request& request) const override {
    const bool read = request.kind == Request::Kind::read;
    return {read ? options_.read_method : options_.write_method,
            fill_in(read ? options_.read_path : options_.write_path, request), options_.content_type,
            fill_in(read ? options_.read_body : options_.write_body, request)};
  }
  [[nodiscard]] Response judge(Request::Kind kind, int status, const std::string& body) const override {
    return judge_http(kind, status, body, options_);
  }
  [[nodiscard]] bool unavailable(int status) const override { return options_.unavailable.contains(status); }

 private:
  HttpOptions options_;
};

class HttpDriver : public Driver {
 public:
  HttpDriver(const Config& config, boost::asio::io_context& context, std::unique_ptr<const HttpDialect> dialect,
             HttpRouting routing)
      : context_(context),
        dialect_(std::move(dialect)),
        endpoints_(config.endpoints),
        chooser_(config.endpoints.size(), routing.failover,
                 core::draw_stream(config.seed, "load", config.client, "endpoint").bits(0)),
        connections_(context, routing.connect_timeout) {
    for (const auto& endpoint : endpoints_) {
      const auto number = connections_.add(endpoint.address, endpoint.port);
      numbers_.push_back(number);
      const bool six = endpoint.address.find(':') != std::string::npos;
      const auto host = six ? fmt::format("[{}]", endpoint.address) : endpoint.address;
      hosts_.push_back(fmt::format("{}:{}", host, endpoint.port));
    }
  }

  void submit(const Request& request, Done done) override {
    const auto place = place_for(request);
    if (place >= endpoints_.size()) {
      return done(
          {Fate::not_sent, std::nullopt, request.node, fmt::format("no node '{}' serves clients", request.node)});
    }
    asked_[request.id] = {place, nullptr};
    if (std::shared_ptr<HttpTalk> talk = dialect_->talk(request)) {
      asked_[request.id].talk = talk;
      return say(request.id, talk->first(), std::move(done));
    }
    connections_.exchange(request.id, numbers_[place], text_of(request, place), std::make_unique<HttpReply>(),
                          [this, id = request.id, kind = request.kind, place, done = std::move(done)](
                              const Connections::Result& result, Reply& reply) {
                            asked_.erase(id);
                            done(outcome(kind, place, result, static_cast<HttpReply&>(reply)));
                          });
  }

  Response abandon(std::uint64_t id) override {
    const auto found = asked_.find(id);
    if (found == asked_.end()) return {Fate::not_sent, std::nullopt, "", "timeout"};
    const auto [place, talk] = found->second;
    asked_.erase(found);
    chooser_.failed(place, core::now());
    const auto fate = connections_.abandon(id);
    auto out = talk ? talk->lost(fate, "timeout") : Response{fate, std::nullopt, "", "timeout"};
    out.node = endpoints_[place].node;
    return out;
  }

 private:
  struct Asked {
    std::size_t place = 0;
    std::shared_ptr<HttpTalk> talk;
  };

  /// One message of a talk, at once or when its time has come.
  void say(std::uint64_t id, const HttpMessage& message, Done done) {
    if (message.after <= std::chrono::nanoseconds::zero()) return exchange(id, message, std::move(done));
    const auto timer = std::make_shared<boost::asio::steady_timer>(context_, message.after);
    timer->async_wait(
        [this, timer, id, message, done = std::move(done), alive = std::weak_ptr<int>(alive_)](auto error) {
          if (alive.expired() || error || !asked_.contains(id)) return;
          exchange(id, message, done);
        });
  }

  void exchange(std::uint64_t id, const HttpMessage& message, Done done) {
    const auto place = asked_.at(id).place;
    connections_.exchange(id, numbers_[place], text_of(message, true, place), std::make_unique<HttpReply>(),
                          [this, id, done = std::move(done)](const Connections::Result& result, Reply& reply) {
                            answered(id, result, static_cast<HttpReply&>(reply), done);
                          });
  }

  void answered(std::uint64_t id, const Connections::Result& result, const HttpReply& reply, const Done& done) {
    const auto [place, talk] = asked_.at(id);
    const bool down = result.fate != Fate::done || dialect_->unavailable(reply.status());
    if (down) {
      chooser_.failed(place, core::now());
    } else {
      chooser_.succeeded(place);
    }
    auto next = result.fate == Fate::done ? talk->next(reply.status(), reply.body())
                                          : std::variant<HttpMessage, Response>(talk->lost(result.fate, result.error));
    if (const auto* message = std::get_if<HttpMessage>(&next)) return say(id, *message, done);
    asked_.erase(id);
    auto response = std::get<Response>(std::move(next));
    response.node = endpoints_[place].node;
    done(std::move(response));
  }

  std::size_t place_for(const Request& request) {
    if (request.node.empty()) return endpoints_.empty() ? 0 : chooser_.choose(core::now());
    std::size_t place = 0;
    while (place < endpoints_.size() && endpoints_[place].node != request.node) ++place;
    return place;
  }

  std::string text_of(const Request& request, std::size_t place) const {
    return text_of(dialect_->message(request), request.kind != Request::Kind::read, place);
  }

  std::string text_of(const HttpMessage& message, bool has_body, std::size_t place) const {
    const auto& [method, path, content_type, body, after] = message;
    auto out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, hosts_[place]);
    if (has_body || !body.empty()) {
      out += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", content_type, body.size());
    }
    return out.append("\r\n").append(body);
  }

  Response outcome(Request::Kind kind, std::size_t place, const Connections::Result& result, const HttpReply& reply) {
    Response out{result.fate, std::nullopt, "", result.error};
    bool down = result.fate != Fate::done;
    if (!down) {
      out = dialect_->judge(kind, reply.status(), reply.body());
      down = dialect_->unavailable(reply.status());
    }
    if (down) {
      chooser_.failed(place, core::now());
    } else {
      chooser_.succeeded(place);
    }
    out.node = endpoints_[place].node;
    return out;
  }

  boost::asio::io_context& context_;
  std::unique_ptr<const HttpDialect> dialect_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::size_t> numbers_;  // of endpoints_, in connections_
  std::vector<std::string> hosts_;
  Chooser chooser_;
  std::unordered_map<std::uint64_t, Asked> asked_;  // by request
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Connections connections_;  // last: its destructor ends what still refers to the others
};

}  // namespace

std::unique_ptr<Driver> make_http_driver(const Config& config, boost::asio::io_context& context,
                                         std::unique_ptr<const HttpDialect> dialect, HttpRouting routing) {
  return std::make_unique<HttpDriver>(config, context, std::move(dialect), routing);
}

std::unique_ptr<Driver> make_http_driver(const Config& config, boost::asio::io_context& context) {
  std::vector<spec::Complaint> complaints;
  auto options = read_http_options(config, complaints);
  if (!complaints.empty()) throw std::runtime_error(complaints.front().message);
  const HttpRouting routing{options.failover, options.connect_timeout};
  return make_http_driver(config, context, std::make_unique<const DescribedDialect>(std::move(options)), routing);
}

}  // namespace withstand::load
