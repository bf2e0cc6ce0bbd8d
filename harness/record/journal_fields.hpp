#pragma once

#include <tuple>

#include "record/journal.hpp"

/// The journal's vocabulary: for each event its name and its keys, in the order in which they are written. The one
/// place that ties a key to a member, for the writer and the reader alike. Keys are never renamed or given another
/// meaning; new ones are appended, and readers keep a member's default where its key is missing.
namespace withstand::record {

template <class E, class T>
struct Field {
  const char* key;
  T E::*member;
};
template <class E, class T>
Field(const char*, T E::*) -> Field<E, T>;

template <class E>
struct Vocabulary;

template <>
struct Vocabulary<RunStarted> {
  using E = RunStarted;
  static constexpr const char* name = "run_started";
  static constexpr auto fields = std::tuple(
      Field{"run", &E::run}, Field{"title", &E::title}, Field{"file", &E::file}, Field{"version", &E::version},
      Field{"kernel", &E::kernel}, Field{"host", &E::host}, Field{"wall_time", &E::wall_time}, Field{"seed", &E::seed},
      Field{"target", &E::target}, Field{"versions", &E::versions}, Field{"nodes", &E::nodes}, Field{"tags", &E::tags},
      Field{"command", &E::command}, Field{"control", &E::control}, Field{"expected_verdict", &E::expected_verdict},
      Field{"expected_fails", &E::expected_fails}, Field{"path", &E::path});
};
template <>
struct Vocabulary<PhaseStarted> {
  static constexpr const char* name = "phase_started";
  static constexpr auto fields = std::tuple(Field{"phase", &PhaseStarted::phase});
};
template <>
struct Vocabulary<NodeEvent> {
  using E = NodeEvent;
  static constexpr const char* name = "node";
  static constexpr auto fields =
      std::tuple(Field{"node", &E::node}, Field{"what", &E::what}, Field{"detail", &E::detail}, Field{"pid", &E::pid});
};
template <>
struct Vocabulary<InjectionEvent> {
  using E = InjectionEvent;
  static constexpr const char* name = "injection";
  static constexpr auto fields =
      std::tuple(Field{"fault", &E::fault}, Field{"kind", &E::kind}, Field{"what", &E::what}, Field{"on", &E::on},
                 Field{"detail", &E::detail}, Field{"due", &E::due}, Field{"line", &E::line});
};
template <>
struct Vocabulary<EvidenceEvent> {
  using E = EvidenceEvent;
  static constexpr const char* name = "evidence";
  static constexpr auto fields =
      std::tuple(Field{"fault", &E::fault}, Field{"what", &E::what}, Field{"requested", &E::requested},
                 Field{"measured", &E::measured}, Field{"source", &E::source}, Field{"judgement", &E::judgement});
};
template <>
struct Vocabulary<EvidenceVerdict> {
  using E = EvidenceVerdict;
  static constexpr const char* name = "evidence_verdict";
  static constexpr auto fields =
      std::tuple(Field{"fault", &E::fault}, Field{"kind", &E::kind}, Field{"took_effect", &E::took_effect},
                 Field{"required", &E::required}, Field{"objection", &E::objection});
};
template <>
struct Vocabulary<LoadSecond> {
  using E = LoadSecond;
  static constexpr const char* name = "load_second";
  static constexpr auto fields =
      std::tuple(Field{"op", &E::op}, Field{"second", &E::second}, Field{"ok", &E::ok}, Field{"fail", &E::fail},
                 Field{"info", &E::info}, Field{"dropped", &E::dropped}, Field{"late", &E::late}, Field{"p50", &E::p50},
                 Field{"p99", &E::p99}, Field{"max", &E::max});
};
template <>
struct Vocabulary<LatencySummary> {
  using E = LatencySummary;
  static constexpr const char* name = "latency";
  static constexpr auto fields =
      std::tuple(Field{"phase", &E::phase}, Field{"op", &E::op}, Field{"count", &E::count}, Field{"ok", &E::ok},
                 Field{"fail", &E::fail}, Field{"info", &E::info}, Field{"dropped", &E::dropped}, Field{"p50", &E::p50},
                 Field{"p90", &E::p90}, Field{"p95", &E::p95}, Field{"p99", &E::p99}, Field{"p999", &E::p999},
                 Field{"mean", &E::mean}, Field{"max", &E::max}, Field{"service_p50", &E::service_p50},
                 Field{"service_p99", &E::service_p99}, Field{"second", &E::second});
};
template <>
struct Vocabulary<ProbeSample> {
  using E = ProbeSample;
  static constexpr const char* name = "probe";
  static constexpr auto fields = std::tuple(Field{"probe", &E::probe}, Field{"node", &E::node}, Field{"ok", &E::ok},
                                            Field{"took", &E::took}, Field{"detail", &E::detail});
};
template <>
struct Vocabulary<ExpectationResult> {
  using E = ExpectationResult;
  static constexpr const char* name = "expectation";
  static constexpr auto fields =
      std::tuple(Field{"phase", &E::phase}, Field{"text", &E::text}, Field{"outcome", &E::outcome},
                 Field{"measured", &E::measured}, Field{"detail", &E::detail}, Field{"line", &E::line});
};
template <>
struct Vocabulary<CheckResult> {
  using E = CheckResult;
  static constexpr const char* name = "check";
  static constexpr auto fields =
      std::tuple(Field{"check", &E::check}, Field{"outcome", &E::outcome}, Field{"summary", &E::summary},
                 Field{"explanation", &E::explanation}, Field{"line", &E::line});
};
template <>
struct Vocabulary<MediumHealth> {
  using E = MediumHealth;
  static constexpr const char* name = "medium";
  static constexpr auto fields =
      std::tuple(Field{"medium", &E::medium}, Field{"promise_kept", &E::promise_kept}, Field{"detail", &E::detail});
};
template <>
struct Vocabulary<CaptureEnded> {
  using E = CaptureEnded;
  static constexpr const char* name = "capture";
  static constexpr auto fields =
      std::tuple(Field{"file", &E::file}, Field{"packets", &E::packets}, Field{"links", &E::links},
                 Field{"bytes", &E::bytes}, Field{"missing", &E::missing}, Field{"why", &E::why});
};
template <>
struct Vocabulary<Note> {
  static constexpr const char* name = "note";
  static constexpr auto fields = std::tuple(Field{"level", &Note::level}, Field{"text", &Note::text});
};
template <>
struct Vocabulary<RunEnded> {
  using E = RunEnded;
  static constexpr const char* name = "run_ended";
  static constexpr auto fields = std::tuple(Field{"verdict", &E::verdict}, Field{"reason", &E::reason},
                                            Field{"reasons", &E::reasons}, Field{"as_expected", &E::as_expected},
                                            Field{"exit_code", &E::exit_code}, Field{"rollback_ok", &E::rollback_ok});
};

}  // namespace withstand::record
