#include "spec/read/load_shape.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

constexpr Rate most_step_rate{1'000'000'000};
constexpr Range<Duration> lengths{Duration(std::chrono::milliseconds(1)), Duration(std::chrono::hours(24 * 7))};
constexpr std::int64_t whole = 1'000'000'000;  // ppb

std::optional<Rate> rate_of(TableReader& fields, std::string_view key) {
  const Item* item = fields.require(key);
  if (item == nullptr) return std::nullopt;
  const auto rate = as_rate(*item, fmt::format("'{}'", key), fields.report());
  if (rate && (rate->millihertz == 0 || rate->millihertz > most_step_rate.millihertz)) {
    fields.report().error(*item, fmt::format("'{}' goes from above 0 to 1000000/s", key));
  }
  return rate;
}

std::optional<Ratio> share_of(TableReader& fields, std::string_view key) {
  const Item* item = fields.require(key);
  if (item == nullptr) return std::nullopt;
  const auto share = as_ratio(*item, fmt::format("'{}'", key), fields.report());
  if (share && (share->ppb <= 0 || share->ppb >= whole)) {
    fields.report().error(*item, fmt::format("'{}' lies between 0% and 100%", key));
    return std::nullopt;
  }
  return share;
}

void read_ramp(TableReader& load, RateShape& shape) {
  const Item* table = load.table("ramp", "ramp = { to = \"2000/s\", over = \"10s\" }");
  if (table == nullptr) return;
  TableReader fields(*table, "ramp", load.report());
  RateShape::Ramp ramp;
  ramp.to = rate_of(fields, "to").value_or(Rate{1'000});
  fields.require("over");
  ramp.over = fields.duration("over", lengths).value_or(lengths.lowest);
  ramp.each_phase = fields.boolean("each_phase").value_or(false);
  fields.finish();
  shape.ramp = ramp;
}

void read_sine(TableReader& load, RateShape& shape) {
  const Item* table = load.table("sine", "sine = { swing = \"50%\", period = \"10s\" }");
  if (table == nullptr) return;
  TableReader fields(*table, "sine", load.report());
  RateShape::Sine sine;
  sine.swing = share_of(fields, "swing").value_or(Ratio{whole / 2});
  fields.require("period");
  sine.period = fields.duration("period", lengths).value_or(lengths.lowest);
  fields.finish();
  shape.sine = sine;
}

void read_steps(TableReader& load, RateShape& shape) {
  for (const Item* table : load.tables("steps")) {
    TableReader fields(*table, "a step", load.report());
    RateShape::Step step;
    fields.require("for");
    step.lasting = fields.duration("for", lengths).value_or(lengths.lowest);
    step.rate = rate_of(fields, "rate").value_or(Rate{1'000});
    fields.finish();
    shape.steps.push_back(step);
  }
}

void read_arrivals(TableReader& load, LoadSpec& out) {
  if (const auto arrival = load.text("arrival")) {
    out.arrival = *arrival;
    if (*arrival != "constant" && *arrival != "poisson") {
      load.report().error(*load.find("arrival"), fmt::format("'arrival' cannot be '{}'", *arrival),
                          suggestion(*arrival, {"constant", "poisson"}, "it is one of"));
    }
  }
  read_ramp(load, out.shape);
  read_sine(load, out.shape);
  read_steps(load, out.shape);
  out.shape.trace = load.text("trace").value_or("");
  std::vector<std::string> given;
  for (const char* key : {"ramp", "sine", "steps", "trace"})
    if (load.entry(key) != nullptr) given.emplace_back(key);
  if (given.size() > 1) {
    load.report().error(*load.entry(given[1]),
                        fmt::format("'{}' and '{}' both say how the rate changes", given[0], given[1]),
                        "leave all but one of them out");
  }
  if (!out.shape.trace.empty() && load.entry("rate") != nullptr) {
    load.report().error(*load.entry("rate"), "with 'trace', the trace says when operations are due",
                        "leave out 'rate'");
  }
}

void read_popularity(TableReader& load, LoadSpec& out) {
  const Item* table = load.table("popularity", "popularity = { zipf = 0.99 }");
  if (table == nullptr) return;
  TableReader fields(*table, "popularity", load.report());
  if (const auto zipf = fields.number("zipf")) {
    out.popularity.zipf = *zipf;
    if (!(*zipf > 0) || *zipf > 10) load.report().error(*fields.find("zipf"), "'zipf' goes from above 0 to 10");
    if (fields.entry("hot") != nullptr || fields.entry("takes") != nullptr)
      load.report().error(*table, "'zipf' and 'hot' are two ways to say which keys are popular");
  } else {
    out.popularity.hot_keys = share_of(fields, "hot").value_or(Ratio{whole / 10});
    out.popularity.hot_share = share_of(fields, "takes").value_or(Ratio{whole / 10 * 9});
  }
  fields.finish();
}

void read_sizes(TableReader& load, LoadSpec& out) {
  constexpr std::int64_t largest = 16LL << 20;
  const Item* item = load.find("value_size");
  if (item == nullptr) return;
  if (item->type != Item::Type::table) {
    out.value_size = as_bytes(*item, "'value_size'", load.report()).value_or(out.value_size);
    if (out.value_size.count > largest) load.report().error(*item, "'value_size' is at most 16MiB");
    return;
  }
  std::int64_t sum = 0;
  for (const Entry& entry : item->entries) {
    const auto size = parse_bytes(entry.key);
    if (!size || size->count > largest) {
      load.report().error(entry, fmt::format("'{}' is no size of a value", entry.key),
                          size ? "a value has at most 16MiB" : size.error().help);
    }
    const auto weight =
        as_integer(entry.value, fmt::format("'value_size.{}'", entry.key), load.report(), {0, 1'000'000});
    if (!size || !weight) continue;
    out.value_sizes.emplace_back(*size, *weight);
    sum += *weight;
  }
  if (sum == 0)
    load.report().error(*item, "'value_size' gives no size any weight", "value_size = { \"16B\" = 9, \"64KiB\" = 1 }");
}

void read_users(TableReader& load, LoadSpec& out) {
  out.users = load.integer("users", {1, 100'000}).value_or(0);
  out.think = load.duration("think").value_or(Duration{});
  const bool closed = load.entry("users") != nullptr;
  if (load.entry("think") != nullptr && !closed) {
    load.report().error(*load.entry("think"), "'think' is for a closed loop", "say how many take turns: users = 20");
  }
  if (out.workload == "session" && !closed) {
    load.report().error(load.item(), "workload 'session' is a closed loop",
                        "say how many take turns: users = 20, think = \"50ms\"");
  }
  out.hold = load.duration("hold", {Duration(std::chrono::milliseconds(1)), Duration(std::chrono::minutes(10))})
                 .value_or(out.hold);
  if (load.entry("hold") != nullptr && out.workload != "lock") {
    load.report().error(*load.entry("hold"), "'hold' is for workload 'lock'");
  }
  if (!closed) return;
  if (out.workload == "lock" || out.workload == "write-skew") {
    load.report().error(*load.entry("users"), fmt::format("workload '{}' is an open loop", out.workload),
                        "leave out 'users'");
  }
  for (const char* key : {"rate", "arrival", "ramp", "sine", "steps", "trace", "in_flight"}) {
    if (load.entry(key) != nullptr)
      load.report().error(*load.entry(key),
                          fmt::format("'{}' is for an open loop; with 'users' the answers set the pace", key));
  }
}

void read_slo(TableReader& load, LoadSpec& out) {
  for (const Item* item : load.strings("slo")) {
    Result<Threshold> threshold = parse_threshold(item->text);
    if (!threshold) {
      load.report().complain(*item, threshold.error());
      continue;
    }
    const std::vector<std::string> fitting{"errors", "dropped", "availability", "mean", "max"};
    const bool fits = std::find(fitting.begin(), fitting.end(), threshold->metric) != fitting.end() ||
                      threshold->metric.starts_with('p');
    if (!fits || !threshold->relative_to.empty() || threshold->metric.starts_with("probe.")) {
      load.report().error(
          *item, fmt::format("'{}' is not judged second by second", threshold->text),
          "'slo' takes errors, dropped, availability, mean, max and percentiles, with limits of their own");
    }
    threshold->at = item->at;
    out.slo.push_back(std::move(*threshold));
  }
}

}  // namespace

void read_load_shape(TableReader& load, LoadSpec& out) {
  read_arrivals(load, out);
  read_popularity(load, out);
  read_sizes(load, out);
  read_users(load, out);
  read_slo(load, out);
}

Rate highest_rate(const LoadSpec& load) {
  Rate out = load.rate;
  if (load.shape.ramp) out.millihertz = std::max(out.millihertz, load.shape.ramp->to.millihertz);
  for (const auto& step : load.shape.steps) out.millihertz = std::max(out.millihertz, step.rate.millihertz);
  if (load.shape.sine) {
    const double swing = static_cast<double>(load.shape.sine->swing.ppb) / 1e9;
    out.millihertz = std::llround(static_cast<double>(out.millihertz) * (1 + swing));
  }
  return out;
}

}  // namespace withstand::spec
