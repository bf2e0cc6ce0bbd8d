#include "report/progress.hpp"

#include <algorithm>
#include <ostream>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "report/pen.hpp"

namespace withstand::report {
namespace {

using Ink = Pen::Ink;

/// The line for an event, or nothing when it is not worth one.
class Telling {
 public:
  explicit Telling(const Pen& pen) : pen_(pen) {}

  std::string operator()(const record::RunStarted& event) const {
    return fmt::format("{}{}seed {}", pen_.bold(clean(event.title)), pen_.dot(), event.seed);
  }
  std::string operator()(const record::PhaseStarted& event) const { return pen_.bold(clean(event.phase)); }
  std::string operator()(const record::NodeEvent& event) const {
    if (event.what == "started" || event.what == "ready") return "";
    return fmt::format("  {} {}{}", clean(event.node), clean(event.what), after(event.detail));
  }
  std::string operator()(const record::InjectionEvent& event) const {
    if (event.what == "scheduled") return "";
    const Ink ink = event.what == "error" ? Ink::bad : Ink::name;
    std::string on = event.what == "injected" && !event.on.empty() ? " on " + clean(join(event.on, ", ")) : "";
    return fmt::format("  {} {}{}{}", pen_.paint(ink, clean(event.fault)), clean(event.what), on, after(event.detail));
  }
  std::string operator()(const record::EvidenceVerdict& event) const {
    if (event.took_effect || !event.required) return "";
    return fmt::format("  {} {}{}", clean(event.fault), pen_.paint(Ink::doubt, "has no evidence"),
                       after(event.objection));
  }
  std::string operator()(const record::ExpectationResult& event) const {
    if (event.outcome == "held") return "";
    const std::string measured = event.measured.empty() ? event.outcome : "measured " + event.measured;
    return fmt::format("  {} {}: {}, {}", pen_.mark(ink_of(event.outcome)), clean(event.phase), clean(event.text),
                       clean(measured));
  }
  std::string operator()(const record::CheckResult& event) const {
    return fmt::format("  {} {}{}", pen_.mark(ink_of(event.outcome)), clean(event.check), after(event.summary));
  }
  std::string operator()(const record::MediumHealth& event) const {
    if (event.promise_kept) return "";
    return fmt::format("  {} broke its promise{}", pen_.paint(Ink::doubt, clean(event.medium)), after(event.detail));
  }
  std::string operator()(const record::CaptureEnded& event) const {
    if (event.why.empty()) return "";
    return fmt::format("  {}{}", pen_.paint(Ink::doubt, "the capture lacks packets"), after(event.why));
  }
  std::string operator()(const record::Note& event) const {
    if (event.level == "info") return "";
    return fmt::format("  {} {}", pen_.paint(event.level == "error" ? Ink::bad : Ink::doubt, clean(event.level) + ":"),
                       clean(event.text));
  }
  std::string operator()(const record::RunEnded& event) const {
    return pen_.paint(event.as_expected ? Ink::good : ink_of(event.verdict), clean(event.verdict)) +
           (event.as_expected && event.verdict != "withstood" ? ", as expected" : "");
  }
  template <class Other>  // samples and figures: not worth a line each
  std::string operator()(const Other&) const {
    return "";
  }

 private:
  /// A line of progress is a glance: no text in it may be endless.
  [[nodiscard]] std::string clean(const std::string& text) const { return pen_.cut(text, 240); }
  [[nodiscard]] std::string after(const std::string& detail) const {
    return detail.empty() ? "" : ": " + clean(detail);
  }
  const Pen& pen_;
};

}  // namespace

Progress::Progress(std::ostream& out, Options options) : out_(out), options_(std::move(options)) {}

Progress::~Progress() { finish(); }

int Progress::width() const {
  const int asked = options_.columns ? options_.columns() : options_.style.width;
  return asked > 0 ? asked : options_.style.width;
}

void Progress::event(const record::JournalEntry& entry) {
  now_ = std::max(now_, entry.t);
  // The start is told a second time once the programs' versions are known.
  if (std::holds_alternative<record::RunStarted>(entry.event) && !phase_.empty()) return;
  if (const auto* phase = std::get_if<record::PhaseStarted>(&entry.event)) phase_ = phase->phase;
  if (const auto* injection = std::get_if<record::InjectionEvent>(&entry.event)) {
    if (injection->what == "injected") ++active_[injection->fault];
    if (injection->what == "reverted" && --active_[injection->fault] <= 0) active_.erase(injection->fault);
  }
  if (phase_ == "tear-down" && std::holds_alternative<record::NodeEvent>(entry.event)) return;  // every node ends here
  const std::string text = std::visit(Telling(Pen(options_.style)), entry.event);
  if (!text.empty()) line(entry.t, text);
}

void Progress::tick(std::int64_t now_ns, const LiveFigures& figures) {
  now_ = now_ns;
  if (figures.check != figures_.check) check_began_ = now_;
  figures_ = figures;
  if (finished_) return;
  if (!options_.live) {
    if (heartbeat_is_due()) line(now_, status());
  } else if (!drawn_ || now_ - drawn_at_ >= options_.redraw) {
    draw();
  }
}

bool Progress::heartbeat_is_due() const {
  if (figures_.check.empty()) return now_ - last_line_ >= options_.heartbeat;
  const bool told = last_line_ > check_began_;
  return told ? now_ - last_line_ >= options_.heartbeat : now_ - check_began_ >= options_.first_of_check;
}

void Progress::finish() {
  if (finished_) return;
  erase();
  out_.flush();
  finished_ = true;
}

void Progress::line(std::int64_t t, const std::string& text) {
  if (finished_) return;
  const Pen pen(options_.style);
  std::string head = fmt::format("{:>9} ", clock_time(t));
  if (!options_.label.empty()) head = pen.clean(options_.label) + " " + head;
  erase();
  out_ << pen.dim(head) << ' ' << text << '\n';
  last_line_ = t;
  if (options_.live) draw();
  out_.flush();
}

void Progress::erase() {
  if (drawn_) out_ << "\r\x1b[2K";
  drawn_ = false;
}

void Progress::draw() {
  erase();
  const Pen pen(options_.style);
  // The last column stays free: a terminal that has filled it would wrap, and the line could not be rewritten.
  out_ << pen.paint(Ink::name, elide(status(), width() - 1, options_.style.unicode ? "…" : "..."));
  out_.flush();
  drawn_ = true;
  drawn_at_ = now_;
}

std::string Progress::status() const {
  const Pen pen(options_.style);
  std::string out = options_.live && !options_.label.empty() ? pen.clean(options_.label) + " " : "";
  const auto seconds = [](std::int64_t ns) { return ns / 1'000'000'000; };
  if (!figures_.check.empty())
    return out + fmt::format("checking: {} of {} operations, {} s", pen.clean(figures_.check),
                             grouped(figures_.checked_operations), seconds(now_ - check_began_));
  out += pen.clean(phase_.empty() ? "starting" : phase_);
  out += fmt::format("  {}", seconds(now_));
  // "of all", or it would be read as the phase's own length.
  if (figures_.total > 0) out += fmt::format(" of {}", seconds(std::max(figures_.total, now_)));
  out += figures_.total > 0 ? " s in all" : " s";
  if (figures_.loaded) {
    out += fmt::format("{}{:.0f} ops/s", pen.dot(), figures_.ops_per_second);
    out += fmt::format("{}{}", pen.dot(), counted(figures_.errors, "error"));
    if (figures_.p99 > 0) out += pen.dot() + "p99 " + pen.clean(measured_time(figures_.p99));
  }
  std::string faults;
  for (const auto& [fault, count] : active_) faults += (faults.empty() ? "" : ", ") + pen.clean(fault);
  return faults.empty() ? out : out + pen.dot() + "active: " + faults;
}

}  // namespace withstand::report
