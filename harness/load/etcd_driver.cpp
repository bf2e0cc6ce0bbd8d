#include "load/etcd_driver.hpp"

#include <stdexcept>
#include <utility>

#include "load/etcd_gateway.hpp"
#include "load/etcd_options.hpp"
#include "load/etcd_talk.hpp"
#include "load/http_driver.hpp"

namespace withstand::load {
namespace {

class EtcdDialect : public HttpDialect {
 public:
  explicit EtcdDialect(EtcdOptions options) : options_(options) {}

  [[nodiscard]] Message message(const Request& request) const override {
    if (request.kind == Request::Kind::read) {
      return {"POST", "/v3/kv/range", "application/json", etcd_range(request.key, options_.serializable)};
    }
    return {"POST", "/v3/kv/put", "application/json", etcd_put(request.key, request.value)};
  }
  [[nodiscard]] std::unique_ptr<HttpTalk> talk(const Request& request) const override {
    return etcd_talk(request, options_);
  }
  [[nodiscard]] Response judge(Request::Kind kind, int status, const std::string& body) const override {
    return judge_etcd(kind, status, body);
  }
  /// UNAVAILABLE: no leader, a time-out, a server on its way down.
  [[nodiscard]] bool unavailable(int status) const override { return status == 503; }

 private:
  EtcdOptions options_;
};

}  // namespace

std::unique_ptr<Driver> make_etcd_driver(const Config& config, boost::asio::io_context& context) {
  std::vector<spec::Complaint> complaints;
  const auto options = read_etcd_options(config, complaints);
  if (!complaints.empty()) throw std::runtime_error(complaints.front().message);
  return make_http_driver(config, context, std::make_unique<const EtcdDialect>(options),
                          {options.failover, options.connect_timeout});
}

}  // namespace withstand::load
