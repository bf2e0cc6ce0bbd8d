#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "record/histogram.hpp"
#include "record/history.hpp"
#include "record/journal.hpp"

namespace withstand::load {

/// Load second by second. An operation belongs to the second in which it was due, so a stall shows where it happened
/// and not where its answers came back; a second is told when all its operations have ended.
class Seconds {
 public:
  explicit Seconds(std::int64_t timeout) : timeout_(timeout) {}
  void began(const record::Operation& operation);
  void ended(const record::Operation& operation);  ///< dropped ones included, without began()
  /// The seconds before `now` (ns since epoch) that are complete, in order; one entry for "" and one for each kind of
  /// operation that there was.
  std::vector<record::LoadSecond> take(std::int64_t now);

 private:
  struct Kind {
    record::LoadSecond counts;
    record::Histogram latency;
    void add(const record::Operation& operation, std::int64_t timeout);
    [[nodiscard]] record::LoadSecond told(std::string op, std::int64_t second) const;
  };
  struct Second {
    std::int64_t under_way = 0;
    Kind all;
    std::map<std::string, Kind> kinds;  ///< by the operation's name
  };
  std::int64_t timeout_;
  std::map<std::int64_t, Second> open_;
};

}  // namespace withstand::load
