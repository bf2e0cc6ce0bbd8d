#include "load/etcd_talk.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "load/base64.hpp"
#include "load/etcd_gateway.hpp"
#include "load/values.hpp"

namespace withstand::load {
namespace {

using Json = nlohmann::json;
using Kind = Request::Kind;
using Next = std::variant<HttpMessage, Response>;

Json encoded(const std::string& text) { return base64_encode(text); }

HttpMessage post(const std::string& path, const Json& body) {
  return {"POST", "/v3/" + path, "application/json", body.dump(), {}};
}

/// Everything that begins with `prefix`: up to the text whose last byte is one more.
Json range_of(const std::string& prefix) {
  auto end = prefix;
  ++end.back();
  return {{"key", encoded(prefix)}, {"range_end", encoded(end)}};
}

Json compare(const std::string& key, const char* target, const char* field, const std::string& value) {
  return {{"key", encoded(key)}, {"result", "EQUAL"}, {"target", target}, {field, value}};
}
Json unmade(const std::string& key) { return compare(key, "CREATE", "create_revision", "0"); }

HttpMessage transaction(const Json& condition, const Json& success) {
  return post("kv/txn", {{"compare", Json::array({condition})}, {"success", Json::array({success})}});
}
Json put(const std::string& key, const std::string& value) {
  return {{"request_put", {{"key", encoded(key)}, {"value", encoded(value)}}}};
}
Json removal(const std::string& key) { return {{"request_delete_range", {{"key", encoded(key)}}}}; }

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Response done(std::optional<std::string> json = std::nullopt) {
  return {Fate::done, std::nullopt, "", "", std::move(json)};
}
Response declined(const char* why) { return {Fate::refused, std::nullopt, "", why, std::nullopt, true}; }

/// One key and what it holds, out of a range's answer.
struct Held {
  std::string key, value, modified = "0";
};
std::vector<Held> held_in(const Json& answer) {
  std::vector<Held> out;
  const auto kvs = answer.find("kvs");
  if (kvs == answer.end() || !kvs->is_array()) return out;
  for (const auto& kv : *kvs)
    if (kv.is_object())
      out.push_back({base64_decode(text_at(kv, "key")).value_or(""), base64_decode(text_at(kv, "value")).value_or(""),
                     text_at(kv, "mod_revision")});
  return out;
}

bool succeeded(const Json& answer) {
  const auto found = answer.find("succeeded");
  return found != answer.end() && found->is_boolean() && found->get<bool>();
}

std::string revision_of(const Json& answer) { return text_at(answer.at("header"), "revision"); }

/// The stages of one operation. A stage whose message changes what the operation is about is its decision: before it is
/// sent nothing is done, and after it nothing is undone.
class Talk : public HttpTalk {
 public:
  explicit Talk(const Request& request) : request_(request) {}
  Next next(int status, const std::string& body) final {
    const auto answer = Json::parse(body, nullptr, false);
    const bool ours = status == 200 && answer.is_object() && answer.contains("header");
    if (ours) return after(answer);
    const auto why = status == 200 ? Response{Fate::unknown, std::nullopt, "", "the answer is not etcd's"}
                                   : judge_etcd_error(status, body);
    return lost(why.fate, why.error);
  }
  [[nodiscard]] Response lost(Fate fate, const std::string& error) const final {
    if (decided_) return done(given_);
    if (!deciding_ && fate == Fate::unknown) return {Fate::refused, std::nullopt, "", error};
    return {fate, std::nullopt, "", error};
  }

 protected:
  virtual Next after(const Json& answer) = 0;
  HttpMessage decide(HttpMessage message) {
    deciding_ = true;
    return message;
  }
  /// It is done, whatever becomes of what is said after it.
  void decided(std::optional<std::string> given = std::nullopt) {
    decided_ = true;
    given_ = std::move(given);
  }

  Request request_;

 private:
  bool deciding_ = false, decided_ = false;
  std::optional<std::string> given_;
};

/// One exchange.
class Single : public Talk {
 public:
  Single(const Request& request, HttpMessage message, std::function<Response(const Json&)> judge)
      : Talk(request), message_(std::move(message)), judge_(std::move(judge)) {}
  HttpMessage first() override { return decide(message_); }

 private:
  Next after(const Json& answer) override { return judge_(answer); }
  HttpMessage message_;
  std::function<Response(const Json&)> judge_;
};

/// Reads a key and writes it where it has not changed since.
class ReadAndWrite : public Talk {
 public:
  /// What is to be written for what was read (empty: nothing is there), and what that gives, as JSON.
  using Change = std::function<std::pair<std::string, std::optional<std::string>>(const std::string&)>;
  ReadAndWrite(const Request& request, Change change) : Talk(request), change_(std::move(change)) {}
  HttpMessage first() override { return post("kv/range", {{"key", encoded(request_.key)}}); }

 private:
  Next after(const Json& answer) override {
    if (written_) return succeeded(answer) ? done(given_) : declined("it was changed meanwhile");
    written_ = true;
    const auto held = held_in(answer);
    auto [value, given] = change_(held.empty() ? "" : held.front().value);
    given_ = std::move(given);
    const auto modified = held.empty() ? "0" : held.front().modified;
    return decide(transaction(compare(request_.key, "MOD", "mod_revision", modified), put(request_.key, value)));
  }
  Change change_;
  bool written_ = false;
  std::optional<std::string> given_;
};

/// Takes the oldest of a prefix' keys, unless somebody else does.
class TakeOldest : public Talk {
 public:
  using Talk::Talk;
  HttpMessage first() override {
    auto range = range_of(request_.key + "/");
    range.update({{"limit", "1"}, {"sort_order", "ASCEND"}, {"sort_target", "CREATE"}});
    return post("kv/range", range);
  }

 private:
  Next after(const Json& answer) override {
    if (!value_.empty()) return succeeded(answer) ? done(value_) : declined("another took it");
    const auto held = held_in(answer);
    if (held.empty()) return declined("empty");
    value_ = held.front().value;
    const auto& key = held.front().key;
    return decide(transaction(compare(key, "MOD", "mod_revision", held.front().modified), removal(key)));
  }
  std::string value_;
};

/// A lock is a key that lives as long as a lease; whoever makes it has the lock, and the revision at which it was made
/// is the token.
HttpMessage lease(const EtcdOptions& options) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.lease).count();
  return post("lease/grant", {{"TTL", std::to_string(seconds)}});
}
HttpMessage take_lock(const std::string& lock, const std::string& holder, const Json& granted) {
  auto made = put(lock, holder);
  made["request_put"]["lease"] = text_at(granted, "ID");
  return transaction(unmade(lock), made);
}
HttpMessage give_back(const std::string& lock, const std::string& token) {
  return transaction(compare(lock, "CREATE", "create_revision", token), removal(lock));
}

class Acquire : public Talk {
 public:
  Acquire(const Request& request, const EtcdOptions& options) : Talk(request), options_(options) {}
  HttpMessage first() override { return lease(options_); }

 private:
  Next after(const Json& answer) override {
    if (!std::exchange(leased_, true)) return decide(take_lock(request_.key, request_.value, answer));
    return succeeded(answer) ? done(revision_of(answer)) : declined("another holds the lock");
  }
  EtcdOptions options_;
  bool leased_ = false;
};

/// Takes the set's lock, reads the set, thinks, writes it with one element more, and gives the lock back. Whether the
/// lock is still its own when it writes, only etcd can tell: with fencing it is asked to.
class AddUnderLock : public Talk {
 public:
  AddUnderLock(const Request& request, const EtcdOptions& options)
      : Talk(request), options_(options), lock_(request.key + "-lock") {}
  HttpMessage first() override { return lease(options_); }

 private:
  Next after(const Json& answer) override {
    switch (stage_++) {
      case 0:
        return take_lock(lock_, request_.value, answer);
      case 1:
        if (!succeeded(answer)) return declined("another holds the lock");
        token_ = revision_of(answer);
        return post("kv/range", {{"key", encoded(request_.key)}});
      case 2:
        return write(held_in(answer));
      case 3:
        if (!succeeded(answer)) return declined("the lock was lost");
        decided();
        return give_back(lock_, token_);
      default:
        return done();
    }
  }

  HttpMessage write(const std::vector<Held>& held) {
    const auto before = held.empty() ? std::string() : held.front().value;
    const auto added = put(request_.key, before.empty() ? request_.value : before + "," + request_.value);
    const bool fenced = options_.sets == EtcdOptions::Sets::fenced;
    auto message = fenced ? transaction(compare(lock_, "CREATE", "create_revision", token_), added)
                          : post("kv/txn", {{"success", Json::array({added})}});
    message.after = options_.think;
    return decide(std::move(message));
  }

  EtcdOptions options_;
  std::string lock_, token_;
  int stage_ = 0;
};

std::int64_t number_of(const std::string& text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::unique_ptr<HttpTalk> added(const Request& request, const EtcdOptions& options) {
  if (options.sets == EtcdOptions::Sets::cas)
    return std::make_unique<ReadAndWrite>(request, [element = request.value](const std::string& held) {
      return std::pair{held.empty() ? element : held + "," + element, std::optional<std::string>()};
    });
  if (options.sets != EtcdOptions::Sets::keys) return std::make_unique<AddUnderLock>(request, options);
  return std::make_unique<Single>(
      request, post("kv/put", {{"key", encoded(request.key + "/" + request.value)}, {"value", encoded(request.value)}}),
      [](const Json&) { return done(); });
}

std::unique_ptr<HttpTalk> members(const Request& request, const EtcdOptions& options) {
  const bool one = options.sets != EtcdOptions::Sets::keys;
  Json range = one ? Json{{"key", encoded(request.key)}} : range_of(request.key + "/");
  if (options.serializable) range["serializable"] = true;
  return std::make_unique<Single>(request, post("kv/range", range), [](const Json& answer) {
    std::vector<std::string> values;
    for (const auto& held : held_in(answer)) values.push_back(held.value);
    return done(fmt::format("[{}]", fmt::join(values, ",")));
  });
}

std::unique_ptr<HttpTalk> counted(const Request& request, const EtcdOptions& options) {
  Json range{{"key", encoded(request.key)}};
  if (options.serializable) range["serializable"] = true;
  return std::make_unique<Single>(request, post("kv/range", range), [](const Json& answer) {
    const auto held = held_in(answer);
    return done(held.empty() ? "0" : held.front().value);
  });
}

std::unique_ptr<HttpTalk> increased(const Request& request, std::int64_t by) {
  return std::make_unique<ReadAndWrite>(request, [by, tells = request.kind == Kind::raise](const std::string& held) {
    auto value = std::to_string(number_of(held) + by);
    return std::pair{value, tells ? std::optional(value) : std::nullopt};
  });
}

std::unique_ptr<HttpTalk> swapped(const Request& request) {
  const auto condition = request.expected.empty()
                             ? unmade(request.key)
                             : compare(request.key, "VALUE", "value", base64_encode(request.expected));
  return std::make_unique<Single>(
      request, transaction(condition, put(request.key, request.value)),
      [](const Json& answer) { return succeeded(answer) ? done() : declined("another value was there"); });
}

}  // namespace

std::unique_ptr<HttpTalk> etcd_talk(const Request& request, const EtcdOptions& options) {
  switch (request.kind) {
    case Kind::cas:
      return swapped(request);
    case Kind::add:
      return added(request, options);
    case Kind::members:
      return members(request, options);
    case Kind::increment:
      return increased(request, number_of(request.value));
    case Kind::raise:
      return increased(request, 1);
    case Kind::count:
      return counted(request, options);
    case Kind::enqueue:
      return std::make_unique<Single>(
          request,
          post("kv/put", {{"key", encoded(request.key + "/" + request.value)}, {"value", encoded(request.value)}}),
          [](const Json&) { return done(); });
    case Kind::dequeue:
      return std::make_unique<TakeOldest>(request);
    case Kind::generate:
      return std::make_unique<Single>(request, post("kv/put", {{"key", encoded(request.key)}, {"value", encoded("x")}}),
                                      [](const Json& answer) { return done(revision_of(answer)); });
    case Kind::acquire:
      return std::make_unique<Acquire>(request, options);
    case Kind::release:
      return std::make_unique<Single>(request, give_back(request.key, request.value), [](const Json& answer) {
        return succeeded(answer) ? done() : declined("the lock was another's, or nobody's");
      });
    default:
      return nullptr;
  }
}

}  // namespace withstand::load
