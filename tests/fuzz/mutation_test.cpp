// The fuzzers' entry functions on thousands of damaged copies of the golden files: the same ones every time, with any
// compiler. The libFuzzer programs beside this look further, but need clang and patience.
#include <algorithm>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "entry.hpp"
#include "unit/spec/fixtures.hpp"

namespace withstand::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr int rounds = 6'000;

std::vector<std::string> seeds(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(fmt::format("{}/tests/golden/spec{}", WITHSTAND_SOURCE_DIR, folder))) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const std::string& file : files) texts.push_back(spec::fixtures::contents(file));
  return texts;
}

const std::vector<std::string>& dictionary() {
  static const std::vector<std::string> words{"[",
                                              "]",
                                              "[[",
                                              "]]",
                                              "{",
                                              "}",
                                              "{{",
                                              "}}",
                                              "=",
                                              ".",
                                              ",",
                                              "\"",
                                              "'",
                                              "\"\"\"",
                                              "#",
                                              "\n",
                                              "\\",
                                              "\\u0000",
                                              "\xff",
                                              "[[fault]]\n",
                                              "[[probe]]\n",
                                              "[target]\n",
                                              "[load]\n",
                                              "[expect]\n",
                                              "[limits]\n",
                                              "when = ",
                                              "kind = ",
                                              "on = ",
                                              "\"process.kill\"",
                                              "\"all\"",
                                              "\"n1\"",
                                              "\"5s\"",
                                              "\"-5s\"",
                                              "\"5%\"",
                                              "9223372036854775807",
                                              "-1",
                                              "0",
                                              "1e308",
                                              "nan",
                                              "inf",
                                              "true",
                                              "1979-05-27",
                                              "{ fault = \"a\" }",
                                              "999999999999999999d",
                                              "p99.9",
                                              " < ",
                                              "{port.client}"};
  return words;
}

/// Whole TOML values, of every type.
const std::vector<std::string>& values() {
  static const std::vector<std::string> words{"\"\"",
                                              "\"n1\"",
                                              "\"all\"",
                                              "\"redis:primary\"",
                                              "\"client\"",
                                              "\"5s\"",
                                              "\"-5s\"",
                                              "\"100000d\"",
                                              "\"5%\"",
                                              "\"0%\"",
                                              "\"1MiB\"",
                                              "\"400/s\"",
                                              "\"process.kill\"",
                                              "\"network.partition\"",
                                              "\"disk.latency\"",
                                              "\"{port}\"",
                                              "\"{\"",
                                              "\"http://{node}:{port}/\"",
                                              "\"(\"",
                                              "\"register\"",
                                              "\"failed\"",
                                              "0",
                                              "-1",
                                              "3",
                                              "9223372036854775807",
                                              "1.5",
                                              "nan",
                                              "inf",
                                              "true",
                                              "1979-05-27",
                                              "07:32:00",
                                              "[]",
                                              "[[]]",
                                              "{}",
                                              "[\"n1\"]",
                                              "[\"errors == 0%\"]",
                                              "[\"p99 < 5ms for 3s\"]",
                                              "[[\"n1\"], [\"n2\"]]",
                                              "[1, \"a\", {}]",
                                              "{ fault = \"kill\" }",
                                              "{ log = \"x\", after = \"1s\" }",
                                              "{ role = \"primary\" }",
                                              "{ a = { b = { c = 1 } } }",
                                              "{ kv = 3 }",
                                              "{ redis = 2, sentinel = 1 }",
                                              "{ read = 1 }",
                                              "{ tcp = \"client\" }",
                                              "\"\"\"\nmany\nlines\"\"\"",
                                              "'raw'"};
  return words;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& texts) : seeds_(texts) {}

  std::string next() {
    std::string text = pick(seeds_);
    // Damaged bytes mostly die in the TOML library; whole lines and values reach what stands behind it.
    const bool lines = below(2) == 0;
    for (std::uint64_t steps = 1 + below(6); steps > 0; --steps) lines ? step_lines(text) : step(text);
    return text;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void step(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min<std::size_t>(1 + below(20), text.size() - at);
    switch (below(7)) {
      case 0:
        text.insert(at, pick(dictionary()));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), 1 + below(40)));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.replace(at, length, pick(dictionary()));
        break;
      case 5:
        text += pick(seeds_);
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }

  /// Drops a line, doubles one, takes one from another seed, or gives a key another value.
  void step_lines(std::string& text) {
    const std::size_t end = std::min(text.find('\n', below(text.size() + 1)), text.size());
    const std::size_t start = end == 0 ? 0 : text.rfind('\n', end - 1) + 1;  // npos + 1 is 0
    const std::string line = text.substr(start, end - start);
    const std::string& other = pick(seeds_);
    const std::size_t from = std::min(other.find('\n', below(other.size() + 1)), other.size());
    switch (below(5)) {
      case 0:
        text.erase(start, line.size() + 1);
        break;
      case 1:
        text.insert(start, line + "\n");
        break;
      case 2:
        text.insert(start, other.substr(from, other.find('\n', from + 1) - from) + "\n");
        break;
      default:
        if (const std::size_t equals = line.find('='); equals != line.npos) {
          text.replace(start + equals + 1, line.size() - equals - 1, pick(values()));
        }
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_{20'231'123};  // NOLINT: the same damage on every machine
};

void damage(const std::vector<std::string>& texts, void (*entry)(std::string_view)) {
  ASSERT_FALSE(texts.empty());
  for (const std::string& text : texts) entry(text);
  Mutator mutator(texts);
  for (int i = 0; i < rounds; ++i) entry(mutator.next());
}

TEST(Mutation, Experiments) { damage(seeds(""), experiment); }

TEST(Mutation, Targets) { damage(seeds("/targets"), target); }

TEST(Mutation, Texts) {
  damage({"250ms", "1m30s", "0.05%", "12ppm", "4KiB", "400/s", "10Mbit/s", "p99{op=read,node=n1} <= 20ms",
          "errors == 0%", "probe.ping < 10% for 30s", "{name}={address}:{port.peer}", "{{literal}}", "redis:primary",
          "all", "redis-1", "SIGKILL", "999999999999999999ns", "9999999999999999TiB"},
         texts);
}

TEST(Mutation, Expositions) {
  damage({"kv_ops_total{op=\"read\"}\n# HELP kv_ops_total Operations.\n# TYPE kv_ops_total counter\n"
          "kv_ops_total{op=\"read\",node=\"n1\"} 17 1700000000000\nkv_ops_total{op=\"write\"} 4\n",
          "up\nup 1\n", "up\nup{instance=\"a:1\",} +Inf\nup_total 3\n", "a:b\na:b NaN\n",
          "x{path=\"C:\\\\dir\",note=\"a \\\"quote\\\"\"}\nx{note=\"a \\\"quote\\\"\",path=\"C:\\\\dir\"} -1.5e3\r\n"},
         exposition);
}

TEST(Mutation, Urls) {
  damage({"http://10.0.0.1:8080/health?deep=1", "http://[fd00::1]:80/", "http://localhost", "http://n1?x",
          "http://user@host/", "https://x/", "http://a:99999/", "http://a:0/"},
         url);
}

TEST(Mutation, Globs) {
  damage({"member/snap/db\nmember/snap/db", "*.wal\na/b/1.wal", "/top\ntop", "a/**/x\na/b/c/x", "**/db\ndb",
          "{wal,snap}/[0-9]?\nwal/12", "a\\*b[!x-z]\na*bc", "[]x]\n]", "**\na", "a/*\na/b", "{a/b,c}\na/b", "/**/a\na",
          "a\\/b\na/b"},
         glob);
}

TEST(Mutation, Histories) {
  damage({"{:process 0 :type :invoke :f :write :value 1}{:process 0 :type :ok :f :write :value 1}\n"
          "{:process 1 :type :invoke :f :cas :value [1 2]}{:process 2 :type :invoke :f :read}\n"
          "{:process 1 :type :ok :f :cas :value [1 2]}{:process 2 :type :ok :f :read :value 1}",
          "{:process 0 :type :invoke :f :add :value 1}{:process 0 :type :ok :f :add :value 1}\n"
          "{:process 1 :type :invoke :f :read}{:process 1 :type :ok :f :read :value #{1 2}}",
          "{:process 0 :type :invoke :f :txn :value [[:append :x 1] [:r :y nil]]}\n"
          "{:process 1 :type :invoke :f :txn :value [[:append :y 1] [:r :x nil]]}\n"
          "{:process 0 :type :ok :f :txn :value [[:append :x 1] [:r :y []]]}\n"
          "{:process 1 :type :ok :f :txn :value [[:append :y 1] [:r :x [1]]]}",
          "{\"t\":1,\"type\":\"invoke\",\"i\":0,\"process\":0,\"op\":\"push\",\"value\":7}\n{\"t\":2,\"type\":\"ok\","
          "\"i\":0}\n"
          "{\"t\":3,\"type\":\"invoke\",\"i\":1,\"process\":0,\"op\":\"pop\"}\n{\"t\":4,\"type\":\"ok\",\"i\":1,"
          "\"value\":8}\n",
          "INFO jepsen.util - 0\t:invoke\t:write\t3\nINFO jepsen.util - 0\t:info\t:write\t:timed-out\n"},
         history);
}

// Recursion is what a parser dies of: nesting in every form that TOML has.
TEST(Mutation, DeepNesting) {
  for (const int depth : {10, 100, 1'000, 100'000}) {
    const auto times = static_cast<std::size_t>(depth);
    std::string dotted = "a";
    for (std::size_t i = 0; i < times; ++i) dotted += ".a";
    std::string tables;
    for (std::size_t i = 0; i < times; ++i) tables += "{a=";
    for (const std::string& text :
         {"x = " + std::string(times, '['), "x = " + std::string(times, '[') + std::string(times, ']'), dotted + " = 1",
          "[" + dotted + "]", "x = " + tables, "[target]\nready = { log = \"" + std::string(times, '(') + "\" }"}) {
      experiment(text);
      target(text);
    }
  }
}

}  // namespace
}  // namespace withstand::fuzz
