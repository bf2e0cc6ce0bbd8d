#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

constexpr int most_errors = 133;

spec::TextList error_names() {
  spec::TextList names;
  for (int error = 1; error <= most_errors; ++error)
    if (const char* name = ::strerrorname_np(error)) names.emplace_back(name);
  return names;
}

int error_named(const std::string& text) {
  for (int error = 1; error <= most_errors; ++error)
    if (const char* name = ::strerrorname_np(error); name != nullptr && text == name) return error;
  return 0;
}

/// Of a whole disk, where the file says so.
enum class State { none, read_only, stale, vanished };

State state_of(const spec::FaultSpec& fault) {
  const auto text = core::parameter<std::string>(fault, "state");
  if (!text) return State::none;
  if (*text == "read-only") return State::read_only;
  return *text == "stale" ? State::stale : State::vanished;
}

/// What each makes fail. close(2) of a disk that is gone succeeds: there is nothing left to be written.
core::DiskOperations operations_in(State state) {
  using Operation = core::DiskOperation;
  switch (state) {
    case State::none:
      return {};
    case State::read_only:
      return {Operation::setattr,   Operation::open,     Operation::create,    Operation::mknod,      Operation::mkdir,
              Operation::symlink,   Operation::link,     Operation::unlink,    Operation::rmdir,      Operation::rename,
              Operation::write,     Operation::truncate, Operation::fallocate, Operation::copy,       Operation::fsync,
              Operation::fdatasync, Operation::fsyncdir, Operation::setxattr,  Operation::removexattr};
    case State::stale:
      return {Operation::read, Operation::write, Operation::truncate,  Operation::fallocate, Operation::copy,
              Operation::seek, Operation::fsync, Operation::fdatasync, Operation::fsyncdir,  Operation::readdir};
    case State::vanished: {
      constexpr auto close = std::uint32_t{1} << static_cast<std::uint32_t>(Operation::close);
      return core::DiskOperations(core::DiskOperations::all().bits() & ~close);
    }
  }
  return {};
}

std::vector<spec::Parameter> error_parameters() {
  spec::Parameter error = core::described("error", spec::ValueType::choice, "Which error the operation ends with.");
  error.choices = error_names();
  error.fallback = std::string("EIO");
  error.default_matters = [](const spec::FaultSpec& fault) {
    return !fault.given.contains("short") && (!fault.given.contains("state") || state_of(fault) == State::vanished);
  };
  spec::Parameter cut = core::described("short", spec::ValueType::ratio,
                                        "Instead of failing, reads and writes do only this share of what is asked.");
  spec::Parameter state = core::described(
      "state", spec::ValueType::choice,
      "Of the whole disk, instead of 'operations'. read-only: all that changes anything ends with EROFS; vanished: "
      "everything fails; stale: what was open before ends with ESTALE, what is opened anew works.");
  state.choices = {"read-only", "stale", "vanished"};
  return {error, cut, state};
}

core::Documentation error_documentation() {
  return disk_documentation(
      "Lets operations on files fail. Nothing of an operation that fails is done. With `short` reads and writes come "
      "back with less than was asked, as POSIX allows and few programs expect; the rest is left to be asked for "
      "again.\n\n"
      "With `state` the disk as a whole is struck: as one that the kernel has mounted read-only after an error (fsync "
      "too "
      "ends with EROFS then), as one that was unplugged (EIO, or what `error` says), or as a network file system whose "
      "server was started anew. fstat(2) of a stale descriptor is not seen: the kernel does not say which it came "
      "through.",
      "Every operation that was struck: which, on what, where, by whom; and that the kernel took as many answers as "
      "were "
      "decided.",
      R"([[fault]]
name  = "full"
kind  = "disk.error"
on    = "any"
operations = ["write", "fallocate"]
path  = "*.log"
error = "ENOSPC"
at    = "5s"
for   = "10s"
)");
}

spec::KindSchema error_schema() {
  auto schema = disk_schema("disk.error", "Lets operations on files fail, or do less than was asked.",
                            error_parameters(), {"read", "write", "fsync", "fdatasync"});
  for (auto& each : schema.parameters)
    if (each.name == "operations")
      each.default_matters = [](const spec::FaultSpec& fault) { return !fault.given.contains("state"); };
  return schema;
}

class Error : public DiskFault {
 public:
  Error() : DiskFault(error_schema(), error_documentation()) {}

 private:
  [[nodiscard]] core::DiskOperations operations(const spec::FaultSpec& fault) const override {
    const State state = state_of(fault);
    return state == State::none ? DiskFault::operations(fault) : operations_in(state);
  }

  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    rule.error = error_named(core::parameter_or<std::string>(fault, "error", "EIO"));
    const State state = state_of(fault);
    if (state == State::read_only) rule.error = EROFS;
    if (state == State::stale) rule.error = ESTALE;
    rule.changing_opens_only = state == State::read_only;
    rule.opened_before = state == State::stale;
    if (const auto share = core::parameter<spec::Ratio>(fault, "short")) {
      rule.action = core::DiskRule::Action::shorten;
      rule.keep_ppb = share->ppb;
    }
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    if (core::parameter_or<std::string>(fault, "error", "EIO") == "ENOSYS")
      return {{"error", {"the kernel would take ENOSYS for good, beyond the fault's end", "say EOPNOTSUPP or EIO"}}};
    if (state_of(fault) != State::none) return objections_to_state(fault);
    if (!core::parameter<spec::Ratio>(fault, "short")) return {};
    if (fault.given.contains("error"))
      return {{"short", {"'error' says already what happens", "leave out one of the two"}}};
    for (const auto& name : core::parameter_or<spec::TextList>(fault, "operations", {}))
      if (fault.given.contains("operations") && name != "read" && name != "write")
        return {{"operations", {name + " cannot be short", "leave it out: read and write can"}}};
    return {};
  }

  static std::vector<spec::KindTable::Objection> objections_to_state(const spec::FaultSpec& fault) {
    for (const char* other : {"operations", "short"})
      if (fault.given.contains(other))
        return {{other, {"'state' says already what fails", "leave out one of the two"}}};
    if (fault.given.contains("error") && state_of(fault) != State::vanished)
      return {{"error", {"'state' says already with what it fails", "leave out one of the two"}}};
    return {};
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    const bool cut = rule.action == core::DiskRule::Action::shorten;
    row.what = "files of " + node;
    row.requested = fmt::format("{} operations of {}", effect.decided, effect.counted);
    row.measured = cut ? fmt::format("{} cut short", effect.answered)
                       : fmt::format("{} ended with {}", effect.answered, ::strerrorname_np(rule.error));
    row.source = "disk server, replies";
    // An operation of one byte cannot be cut.
    const bool agrees = cut ? effect.answered > 0 : effect.answered == effect.decided;
    row.judgement = agrees ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_error() { return std::make_unique<Error>(); }

}  // namespace withstand::faults
