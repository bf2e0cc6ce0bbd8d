#include "load/etcd_talk.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "load/base64.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using Json = nlohmann::json;
using Kind = Request::Kind;

/// What etcd's gateway does of version 3.4, as far as talks need it.
class SmallEtcd {
 public:
  struct Kept {
    std::string value;
    std::int64_t created = 0, modified = 0;
  };

  Json answer(const HttpMessage& message) {
    const auto body = Json::parse(message.body);
    if (message.path == "/v3/lease/grant") return with_header({{"ID", "77"}, {"TTL", body["TTL"]}});
    if (message.path == "/v3/kv/range") return with_header(range(body));
    if (message.path == "/v3/kv/put") {
      ++revision;
      put(body);
      return with_header({});
    }
    bool holds = true;
    for (const auto& one : body.value("compare", Json::array())) holds = holds && compare(one);
    if (holds) ++revision;
    for (const auto& one : holds ? body.value("success", Json::array()) : Json::array()) {
      if (one.contains("request_put")) put(one["request_put"]);
      if (one.contains("request_delete_range")) kept.erase(decoded(one["request_delete_range"]["key"]));
    }
    return with_header(holds ? Json{{"succeeded", true}} : Json::object());
  }

  std::map<std::string, Kept> kept;
  std::int64_t revision = 10;

 private:
  static std::string decoded(const Json& text) { return base64_decode(text.get<std::string>()).value(); }
  Json with_header(Json body) const {
    body["header"] = {{"revision", std::to_string(revision)}};
    return body;
  }
  void put(const Json& body) {
    auto& one = kept[decoded(body["key"])];
    if (one.created == 0) one.created = revision;
    one.modified = revision;
    one.value = decoded(body["value"]);
  }
  bool compare(const Json& one) const {
    const auto found = kept.find(decoded(one["key"]));
    const Kept none;
    const Kept& held = found == kept.end() ? none : found->second;
    if (one["target"] == "CREATE") return std::to_string(held.created) == one["create_revision"];
    if (one["target"] == "MOD") return std::to_string(held.modified) == one["mod_revision"];
    return found != kept.end() && base64_encode(held.value) == one["value"];
  }
  Json range(const Json& body) const {
    const auto from = decoded(body["key"]);
    const auto to = body.contains("range_end") ? decoded(body["range_end"]) : from + '\0';
    std::vector<std::pair<std::int64_t, Json>> found;
    for (const auto& [key, one] : kept)
      if (key >= from && key < to)
        found.emplace_back(one.created, Json{{"key", base64_encode(key)},
                                             {"value", base64_encode(one.value)},
                                             {"mod_revision", std::to_string(one.modified)}});
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Json kvs = Json::array();
    for (auto& [created, kv] : found) kvs.push_back(kv);
    if (body.contains("limit") && !kvs.empty()) kvs = Json::array({kvs[0]});
    return kvs.empty() ? Json::object() : Json{{"kvs", kvs}};
  }
};

struct EtcdTalkTest : ::testing::Test {
  std::unique_ptr<HttpTalk> begin(const Request& request) { return etcd_talk(request, options); }
  /// All exchanges of one operation.
  Response run(const Request& request) {
    auto talk = begin(request);
    return go_on(*talk, talk->first());
  }
  Response go_on(HttpTalk& talk, HttpMessage message) {
    while (true) {
      auto next = talk.next(200, etcd.answer(message).dump());
      if (auto* told = std::get_if<Response>(&next)) return *told;
      message = std::get<HttpMessage>(next);
    }
  }
  static Request add(const std::string& value) { return {1, Kind::add, "s0", value, ""}; }

  SmallEtcd etcd;
  EtcdOptions options;
};

TEST_F(EtcdTalkTest, RegistersHaveNone) { EXPECT_EQ(begin({1, Kind::write, "k", "v", ""}), nullptr); }

TEST_F(EtcdTalkTest, SetsAreAddedToInEveryWay) {
  for (const auto sets :
       {EtcdOptions::Sets::keys, EtcdOptions::Sets::cas, EtcdOptions::Sets::lock, EtcdOptions::Sets::fenced}) {
    etcd = {};
    options.sets = sets;
    for (const char* value : {"7", "8", "9"}) EXPECT_EQ(run(add(value)).fate, Fate::done);
    EXPECT_EQ(run({1, Kind::members, "s0", "", ""}).json, "[7,8,9]");
    EXPECT_EQ(etcd.kept.count("s0-lock"), 0U) << "the lock was given back";
  }
}

/// Takes the lock, reads, and is held up; meanwhile the lease ends and another adds.
TEST_F(EtcdTalkTest, ALateWriteUnderALostLockOverwritesUnlessItIsFenced) {
  for (const auto sets : {EtcdOptions::Sets::lock, EtcdOptions::Sets::fenced}) {
    etcd = {};
    options.sets = sets;
    EXPECT_EQ(run(add("1")).fate, Fate::done);
    auto late = begin(add("2"));
    HttpMessage message = late->first();
    for (int i = 0; i < 3; ++i) message = std::get<HttpMessage>(late->next(200, etcd.answer(message).dump()));
    etcd.kept.erase("s0-lock");
    EXPECT_EQ(run(add("3")).fate, Fate::done);
    const auto told = go_on(*late, message);
    const bool fenced = sets == EtcdOptions::Sets::fenced;
    EXPECT_EQ(told.declined, fenced);
    EXPECT_EQ(run({1, Kind::members, "s0", "", ""}).json, fenced ? "[1,3]" : "[1,2]");
  }
}

TEST_F(EtcdTalkTest, QueuesGiveInOrderAndAreEmptyThen) {
  for (const char* value : {"9", "7", "8"}) EXPECT_EQ(run({1, Kind::enqueue, "q0", value, ""}).fate, Fate::done);
  for (const char* value : {"9", "7", "8"}) EXPECT_EQ(run({1, Kind::dequeue, "q0", "", ""}).json, value);
  const auto told = run({1, Kind::dequeue, "q0", "", ""});
  EXPECT_TRUE(told.declined);
  EXPECT_EQ(told.error, "empty");
}

TEST_F(EtcdTalkTest, CountersGrowAndWhatChangedMeanwhileIsDeclined) {
  EXPECT_EQ(run({1, Kind::increment, "n0", "5", ""}).fate, Fate::done);
  EXPECT_EQ(run({1, Kind::raise, "n0", "", ""}).json, "6");
  auto late = begin({1, Kind::raise, "n0", "", ""});
  auto message = std::get<HttpMessage>(late->next(200, etcd.answer(late->first()).dump()));
  EXPECT_EQ(run({1, Kind::raise, "n0", "", ""}).json, "7");
  EXPECT_TRUE(go_on(*late, message).declined);
  EXPECT_EQ(run({1, Kind::count, "n0", "", ""}).json, "7");
}

TEST_F(EtcdTalkTest, ACasHappensOnlyWhereWhatIsExpectedIsThere) {
  Request cas{1, Kind::cas, "k0", "a", ""};
  EXPECT_EQ(run(cas).fate, Fate::done) << "nothing was there, and nothing was expected";
  EXPECT_TRUE(run(cas).declined);
  cas.expected = "a";
  cas.value = "b";
  EXPECT_EQ(run(cas).fate, Fate::done);
  EXPECT_TRUE(run(cas).declined);
  EXPECT_EQ(etcd.kept["k0"].value, "b");
}

TEST_F(EtcdTalkTest, TokensGrowAndALockIsGivenBackByItsHolderOnly) {
  const auto first = run({1, Kind::acquire, "l0", "c1-1", ""});
  EXPECT_EQ(first.json, "11");
  EXPECT_TRUE(run({2, Kind::acquire, "l0", "c1-2", ""}).declined);
  EXPECT_TRUE(run({3, Kind::release, "l0", "9", ""}).declined);
  EXPECT_EQ(run({3, Kind::release, "l0", *first.json, ""}).fate, Fate::done);
  EXPECT_GT(std::stoll(*run({4, Kind::acquire, "l0", "c1-4", ""}).json), 11);
}

TEST_F(EtcdTalkTest, WhatIsCutShortBeforeItDecidesIsCertainlyNotDone) {
  options.sets = EtcdOptions::Sets::fenced;
  auto talk = begin(add("1"));
  HttpMessage message = talk->first();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(talk->lost(Fate::unknown, "timeout").fate, Fate::refused);
    message = std::get<HttpMessage>(talk->next(200, etcd.answer(message).dump()));
  }
  EXPECT_EQ(talk->lost(Fate::unknown, "timeout").fate, Fate::unknown) << "the write has left";
  message = std::get<HttpMessage>(talk->next(200, etcd.answer(message).dump()));
  EXPECT_EQ(talk->lost(Fate::unknown, "timeout").fate, Fate::done) << "only the lock was not given back";
}

TEST_F(EtcdTalkTest, ErrorsAreThoseOfPlainWrites) {
  auto talk = begin({1, Kind::enqueue, "q0", "7", ""});
  (void)talk->first();
  const auto told = std::get<Response>(talk->next(503, R"({"error":"etcdserver: request timed out"})"));
  EXPECT_EQ(told.fate, Fate::unknown);
  auto refused = begin({1, Kind::enqueue, "q0", "7", ""});
  (void)refused->first();
  EXPECT_EQ(std::get<Response>(refused->next(429, R"({"error":"etcdserver: too many requests"})")).fate, Fate::refused);
}

}  // namespace
}  // namespace withstand::load
