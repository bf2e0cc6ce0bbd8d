#include "run/phases.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "check/metrics.hpp"
#include "lab/kernel_net/addresses.hpp"
#include "run/host.hpp"
#include "run/requirements.hpp"
#include "spec/signals.hpp"

namespace withstand::run {

using std::chrono::seconds;

namespace {
/// How often the live figures are shown and the stop conditions asked.
constexpr std::chrono::milliseconds tick_interval{200};
/// How long reading back may take at most.
constexpr seconds read_back_limit{120};

/// Of a node that did not come up, for one cell of a table: how it ended, and its last words, which decide more often
/// than the first (a traceback ends with its reason).
std::string last_of(const std::string& words, const std::string& logs) {
  constexpr std::size_t most = 3;
  std::vector<std::string> lines;
  std::istringstream in(words);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t") != std::string::npos) lines.push_back(line);
  if (lines.size() > most + 1) {
    lines.erase(lines.begin() + 1, lines.end() - most);
    lines[1] = "... " + lines[1];
    lines.push_back("all of it: " + logs);
  }
  return fmt::format("{}", fmt::join(lines, " | "));
}

std::string describe(const core::Exit& exit) {
  if (!exit.not_started.empty()) return "could not be started: " + exit.not_started;
  std::string text =
      exit.signalled ? "killed by " + spec::signal_name(exit.value) : fmt::format("exited with status {}", exit.value);
  if (exit.core_dumped) text += " (core dumped)";
  return text + (exit.requested ? ", asked by " + exit.asked_by : ", nobody asked");
}

/// How late the outcome of something asked now may come.
spec::Duration longest_timeout(const spec::Experiment& experiment) {
  spec::Duration longest = experiment.load ? experiment.load->timeout : spec::Duration{};
  for (const auto& probe : experiment.probes) longest = std::max(longest, probe.timeout);
  return longest;
}
}  // namespace

Phases::Phases(const ExperimentFile& file, const core::Catalog& catalog, const RunOptions& options,
               Interrupts& interrupts, const RunFolder& folder)
    : file_(file),
      experiment_(file.experiment),
      catalog_(catalog),
      options_(options),
      interrupts_(interrupts),
      folder_(folder),
      recorder_(folder / "journal.jsonl", core::now(), options.on_event),
      topology_(experiment_),
      plan_(core::make_plan(experiment_, topology_, options.seed)),
      stop_(experiment_.stop, longest_timeout(experiment_)) {
  if (options.control) plan_.injections.clear();
  seen_.without_faults = options.control;
  verdict_.planned = plan_.injections.size();
  verdict_.expected = options.control ? spec::ExpectedVerdict{} : experiment_.expected;
  signals_ = interrupts_.watch(loop_);
}

Phases::~Phases() = default;

record::RunEnded Phases::execute() {
  try {
    run_started({});
    if (preflight() && prepare() && launch() && warm_up() && before() && during() && after()) read_back();
  } catch (const std::exception& error) {
    verdict_.error = error.what();
    recorder_.note("error", error.what());
  }
  rollback();
  return verdict();
}

void Phases::begin(const std::string& phase) {
  phase_ = phase;
  recorder_.write(record::PhaseStarted{phase});
}

void Phases::run_started(const std::vector<std::string>& versions) {
  record::RunStarted started;
  started.run = folder_.name();
  started.title = experiment_.title;
  started.file = file_.path;
  std::error_code gone;  // the current folder
  started.path = std::filesystem::absolute(file_.path, gone).lexically_normal().string();
  started.seed = options_.seed;
  started.target = experiment_.target.name;
  for (std::size_t i = 0; i < versions.size() && i < experiment_.target.versions.size(); ++i)
    started.versions[experiment_.target.versions[i].front()] = versions[i];
  for (const auto& node : topology_.nodes()) started.nodes.push_back(node.name);
  started.tags = experiment_.tags;
  started.command = options_.command;
  started.control = options_.control;
  started.expected_verdict = verdict_.expected.verdict;
  started.expected_fails = verdict_.expected.fails;
  fill_host(started);
  recorder_.write(started);
}

bool Phases::preflight() {
  begin("preflight");
  auto missing = missing_requirements(experiment_, plan_, catalog_);
  if (missing.empty() && !experiment_.target.attached.empty()) {
    try {
      topology_ = core::Topology(experiment_, lab::kernel::attached_addresses(experiment_));
    } catch (const std::exception& error) {
      missing.emplace_back(error.what());
    }
  }
  if (missing.empty()) return true;
  verdict_.skipped = fmt::format("missing here: {}", fmt::join(missing, " · "));
  return false;
}

bool Phases::prepare() {
  begin("prepare");
  lab::LabOptions options;
  options.run_directory = folder_.path();
  options.run_name = folder_.name();
  options.keep = options_.keep;
  options.epoch = recorder_.epoch();
  for (const auto& injection : plan_.injections)
    for (auto& claim : catalog_.fault(injection.fault->kind)->claims(*injection.fault, topology_))
      options.claims.push_back(std::move(claim));
  lab_ = std::make_unique<lab::LocalLab>(loop_, experiment_, topology_, options);
  subscribe();
  for (const auto& injection : plan_.injections)
    catalog_.fault(injection.fault->kind)->prepare(*injection.fault, *lab_);
  return !broken();
}

void Phases::subscribe() {
  subscriptions_.push_back(lab_->on_exit([this](const core::Exit& exit) { on_exit(exit); }));
  subscriptions_.push_back(lab_->on_ready([this](core::NodeId node) {
    const auto state = lab_->state(node);
    recorder_.write(record::NodeEvent{topology_.at(node).name, "ready", {}, state.host_pid});
  }));
  subscriptions_.push_back(lab_->on_warning([this](const std::string& what) { recorder_.note("warning", what); }));
  subscriptions_.push_back(lab_->on_medium_death([this](const std::string& what) {
    if (tearing_down_) return;
    medium_died_ = true;
    if (!verdict_.error) verdict_.error = "part of the lab ended although nobody asked: " + what;
  }));
}

void Phases::on_exit(const core::Exit& exit) {
  if (!tearing_down_) seen_.exits.push_back(exit);
  recorder_.write_at(exit.when,
                     record::NodeEvent{topology_.at(exit.node).name, "exited", describe(exit), exit.host_pid});
}

bool Phases::launch() {
  begin("launch");
  const auto failure = lab_->launch([this] { return broken(); });
  if (failure) {
    record::ExpectationResult result{"before",
                                     "every node is ready",
                                     "failed",
                                     failure->reason,
                                     last_of(failure->detail, folder_ / ("nodes/" + topology_.at(failure->node).name)),
                                     0};
    recorder_.write(result);
    verdict_.expectations.push_back(std::move(result));
    return false;
  }
  lab_->versions([this](const std::vector<std::string>& versions) { run_started(versions); });
  if (experiment_.load) {
    load_ = std::make_unique<LoadControl>(*lab_, experiment_, options_.seed, recorder_.epoch(), folder_.path(),
                                          [this](const record::LoadSecond& second) {
                                            recorder_.write(second);
                                            stop_.add(second);
                                          });
    wait_for_load();
  }
  return !broken();
}

/// A load's own program has a time limit of its own, and what it says then is better. No tick tells the time yet, so
/// the run's limit is looked at again and again.
void Phases::wait_for_load() {
  const spec::Duration limit = spec::Duration(load::Config().start_limit) + seconds(10);
  const core::Instant deadline = core::now() + limit;
  while (!load_->ready() && !broken() && core::now() < deadline)
    loop_.run_until([this] { return load_->ready() || broken(); }, std::min(deadline, core::now() + tick_interval));
  if (!broken() && !load_->ready()) verdict_.error = "the load generator was not ready within " + spec::to_text(limit);
}

bool Phases::warm_up() {
  tick();
  if (load_) load_->start(core::now() + std::chrono::milliseconds(20));
  probes_ = std::make_unique<check::Probes>(
      *lab_, experiment_.probes,
      [this](const spec::Selector& selector, auto done) { resolve(selector, std::move(done)); },
      [this](core::Instant asked, const record::ProbeSample& sample) {
        recorder_.write_at(asked, sample);
        seen_.probes.push_back({recorder_.since(asked), sample});
        stop_.add(seen_.probes.back());
      });
  probes_->start();
  return hold("warm-up", experiment_.phases.warm_up);
}

bool Phases::before() {
  if (!hold("before", experiment_.phases.before)) return false;
  if (steady()) return true;
  recorder_.note("warning", "the steady state was not reached: no fault is injected");
  return false;
}

bool Phases::steady() {
  const auto& expected = experiment_.expect.before;
  if (expected.empty()) return true;
  check::MetricsInput input;
  std::vector<std::string> ignored;
  const auto operations = load_ ? load_->operations(ignored) : std::vector<record::Operation>{};
  input.operations = operations;
  input.phases = {seen_.phases.back()};
  input.probes = seen_.probes;
  if (load_) input.timeout = experiment_.load->timeout;
  const check::Metrics metrics(std::move(input));
  return std::none_of(expected.begin(), expected.end(), [&](const spec::Threshold& threshold) {
    return metrics.evaluate(threshold, "before").judgement == check::Judgement::failed;
  });
}

bool Phases::during() {
  injector_ = std::make_unique<core::Injector>(*lab_, catalog_, plan_, [this](record::Event event) {
    if (auto* injection = std::get_if<record::InjectionEvent>(&event); injection != nullptr && injection->due != 0)
      injection->due -= recorder_.epoch().count();
    recorder_.write(std::move(event));
  });
  // After the look at the machine that a phase begins with: no fault may be late by it.
  const bool whole = hold("during", experiment_.phases.during,
                          [this](core::Instant from, core::Instant to) { injector_->start(from, to); });
  revert_faults();
  return whole;
}

/// A medium that died took with it what was to be reverted: the harness failed, and the host is as it was.
void Phases::revert_faults() {
  for (auto& failure : injector_->revert_all())
    if (!medium_died_) verdict_.rollback_failed = std::move(failure);
}

bool Phases::after() {
  if (!hold("after", experiment_.phases.after)) return false;
  seen_.unready = unready_nodes();
  begin("check");
  probes_->conclude();
  loop_.run_until([this] { return probes_->answered() || broken(); }, core::now() + probes_->patience());
  if (!load_) return true;
  load_->stop();
  const auto patience = experiment_.load->timeout + seconds(10);
  loop_.run_until([this] { return load_->finished() || broken(); }, core::now() + patience);
  if (!broken() && !load_->finished()) verdict_.error = "the load generator did not stop";
  return !broken();
}

void Phases::read_back() {
  if (!load_) return;
  seen_.live_nodes = live_nodes();
  if (seen_.live_nodes.empty()) return recorder_.note("warning", "no node was up to be read back");
  load_->final_reads(seen_.live_nodes, read_back_limit / 2);
  loop_.run_until([this] { return load_->read_back() || broken() || interrupts_.twice(); },
                  core::now() + read_back_limit);
  if (!load_->read_back() && !broken()) recorder_.note("warning", "reading back did not end in time");
}

std::vector<std::string> Phases::live_nodes() const {
  std::vector<std::string> names;
  for (const auto node : topology_.targets())
    if (topology_.at(node).serves_clients && (topology_.at(node).attached || lab_->state(node).host_pid != 0))
      names.push_back(topology_.at(node).name);
  return names;
}

std::vector<UnreadyNode> Phases::unready_nodes() const {
  std::vector<UnreadyNode> nodes;
  const auto patience = [this](const std::string& name) {
    for (const auto& kind : experiment_.target.kinds)
      if (kind.name == name) return kind.ready.timeout;
    return spec::Duration{};
  };
  for (const auto node : topology_.targets())
    if (auto why = lab_->why_not_ready(node); !why.empty())
      nodes.push_back({topology_.at(node).name, core::now() - lab_->state(node).started,
                       patience(topology_.at(node).kind), std::move(why)});
  return nodes;
}

bool Phases::hold(const std::string& phase, spec::Duration time,
                  const std::function<void(core::Instant from, core::Instant to)>& begun) {
  const auto machine = machine_snapshot(::getpid());
  begin(phase);
  const core::Instant from = core::now(), to = from + time;
  const StallWatch watch(loop_);
  if (begun) begun(from, to);
  loop_.run_until([this] { return broken(); }, to);
  const core::Instant end = std::min(core::now(), to);
  if (probes_) probes_->end_phase(end);
  seen_.stalls.insert(seen_.stalls.end(), watch.stalls().begin(), watch.stalls().end());
  seen_.shares.push_back(machine_share(phase, machine, machine_snapshot(::getpid()), core::now() - from,
                                       static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN))));
  seen_.phases.push_back({phase, {recorder_.since(from), recorder_.since(end)}});
  return !broken();
}

/// Whether the run cannot or must not go on: the harness failed, a person or a stop condition ended it.
bool Phases::broken() {
  note_lost_records();
  if (load_ && load_->death() && !verdict_.error) verdict_.error = *load_->death();
  if (injector_ && !injector_->errors().empty() && !verdict_.error) verdict_.error = injector_->errors().front();
  if (interrupts_.stopped() && !verdict_.stopped) verdict_.stopped = "asked by 'withstand stop'";
  if (options_.timeout && !verdict_.stopped && core::now() - recorder_.epoch() > *options_.timeout)
    verdict_.stopped = "it took longer than " + spec::to_text(*options_.timeout);
  if (interrupts_.signal() != 0) verdict_.signal = interrupts_.signal();
  return verdict_.error || verdict_.stopped || verdict_.signal != 0;
}

/// Records that end early cannot show that anything held.
void Phases::note_lost_records() {
  for (const std::string& failure : {recorder_.failure(), lab_ ? lab_->log_failure() : std::string()})
    if (!failure.empty() && !verdict_.error) verdict_.error = failure;
}

LiveState Phases::live_state() const {
  LiveState state;
  state.now = recorder_.since(core::now());
  const auto& phases = experiment_.phases;
  state.total = (phases.warm_up + phases.before + phases.during + phases.after).count();
  if (load_) {
    state.loaded = true;
    state.ops_per_second = load_->figures().ops_per_second;
    state.errors = load_->figures().errors;
    state.p99 = load_->figures().p99;
  }
  return state;
}

void Phases::tick() {
  const LiveState state = live_state();
  if (options_.on_tick) options_.on_tick(state);
  if (const auto met = stop_.met(state.now); met && !verdict_.stopped && !tearing_down_) {
    verdict_.stopped = fmt::format("stop condition: {}; the run was in {}", *met, phase_);
    recorder_.note("warning", *verdict_.stopped);
  }
  ticker_ = loop_.at(core::now() + tick_interval, [this] { tick(); });
}

void Phases::resolve(const spec::Selector& selector, std::function<void(std::vector<core::NodeId>, std::string)> done) {
  const auto selection = core::select(selector, topology_, options_.seed, "probe", selector.text);
  if (!selection.role) return done(selection.nodes, {});
  lab_->holders(selection.role->kind, selection.role->name, std::move(done));
}

void Phases::rollback() {
  begin("rollback");
  const auto attempt = [this](const char* what, const std::function<void()>& step) {
    try {
      step();
    } catch (const std::exception& error) {
      if (!verdict_.error) verdict_.error = fmt::format("{}: {}", what, error.what());
    }
  };
  if (injector_)
    attempt("revert faults", [&] {
      revert_faults();
      seen_.last_fault_end = injector_->last_end();
      seen_.injections = injector_->results();
    });
  attempt("stop probes", [&] {
    if (probes_) probes_->stop();
  });
  if (lab_) attempt("ask the links' health", [&] { seen_.links = lab_->links().health(); });
  if (lab_)
    attempt("end the capture", [&] {
      if (auto capture = lab_->end_capture()) recorder_.write(std::move(*capture));
    });
  attempt("stop load", [&] {
    if (!load_) return;
    if (load_->finished()) seen_.load = load_->summary();
    seen_.operations = load_->operations(seen_.history_problems);
    load_.reset();
  });
  oom_.collect();
  seen_.oom_kills = oom_.kills();
  seen_.host_out_of_memory = host_out_of_memory(oom_, seen_.exits);
  begin("tear-down");
  tearing_down_ = true;
  injector_.reset();
  attempt("tear the lab down", [&] {
    if (!lab_) return;
    const auto left = lab_->tear_down([this] { return interrupts_.twice(); });
    if (!left.empty()) verdict_.rollback_failed = fmt::format("left behind: {}", fmt::join(left, ", "));
  });
  ticker_.reset();
}

record::RunEnded Phases::verdict() {
  try {
    const auto while_checking = [this](const std::string& check) {
      LiveState state = live_state();
      state.check = check;
      state.checked_operations = seen_.operations.size();
      if (options_.on_tick) options_.on_tick(state);
    };
    if (!verdict_.skipped && seen_.phases.size() > 1)
      judge(experiment_, topology_, seen_, recorder_, verdict_, while_checking);
  } catch (const std::exception& error) {
    if (!verdict_.error) verdict_.error = fmt::format("judging the run: {}", error.what());
  }
  note_lost_records();
  auto ended = check::decide(verdict_);
  recorder_.write(ended);
  return ended;
}

}  // namespace withstand::run
