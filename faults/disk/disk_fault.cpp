#include "disk/disk_fault.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/glob.hpp"
#include "core/parameters.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using spec::ValueType;
using Objections = std::vector<spec::KindTable::Objection>;

constexpr std::int64_t default_device_bytes = 512LL << 20, least_device_bytes = 16LL << 20;
constexpr std::size_t strikes_shown = 20, nearest_shown = 5;

std::uint64_t number_or(const spec::FaultSpec& fault, const char* name, std::uint64_t fallback) {
  const auto given = core::parameter<std::int64_t>(fault, name);
  return given ? static_cast<std::uint64_t>(*given) : fallback;
}

std::uint64_t bytes_or(const spec::FaultSpec& fault, const char* name, std::uint64_t fallback) {
  const auto given = core::parameter<spec::Bytes>(fault, name);
  return given ? static_cast<std::uint64_t>(given->count) : fallback;
}

/// What a file system asks of a block device.
constexpr core::DiskOperations device_operations{core::DiskOperation::read, core::DiskOperation::write,
                                                 core::DiskOperation::fsync, core::DiskOperation::fdatasync,
                                                 core::DiskOperation::fallocate};

bool is_of_device(const spec::FaultSpec& fault) {
  return core::parameter_or<std::string>(fault, "plane", "files") == "block";
}

std::string path_of(const spec::FaultSpec& fault) {
  return is_of_device(fault) ? core::Disks::device_file : core::parameter_or<std::string>(fault, "path", "");
}

Objections objections_to_plane(const spec::FaultSpec& fault, core::DiskOperations operations) {
  Objections all;
  if (!is_of_device(fault)) {
    for (const char* name : {"file_system", "size"})
      if (fault.given.contains(name))
        all.push_back({name, {"there is no block device to have one", "say plane = \"block\" too"}});
    return all;
  }
  for (const char* name : {"path", "process", "state"})
    if (fault.given.contains(name))
      all.push_back({name, {"a block device knows only places on it", "leave it out, or 'plane'"}});
  if ((operations.bits() & ~device_operations.bits()) != 0)
    all.push_back({fault.given.contains("operations") ? "operations" : "plane",
                   {"a block device is only asked to read, write, fsync (flush) and fallocate (discard)",
                    "name some of these as 'operations'"}});
  return all;
}

core::DiskRule rule_of(const spec::FaultSpec& fault, std::uint64_t seed) {
  core::DiskRule rule;
  rule.fault = fault.name;
  rule.seed = seed;
  rule.path = path_of(fault);
  rule.process = core::parameter_or<std::string>(fault, "process", "");
  rule.first_byte = bytes_or(fault, "first_byte", 0);
  rule.end_byte = bytes_or(fault, "end_byte", core::DiskRule::no_end);
  rule.first = number_or(fault, "first", 1);
  rule.last = number_or(fault, "last", core::DiskRule::no_end);
  rule.step = number_or(fault, "step", 1);
  if (const auto nth = core::parameter<std::int64_t>(fault, "nth"))
    rule.first = rule.last = static_cast<std::uint64_t>(*nth);
  rule.after_bytes = bytes_or(fault, "after_bytes", 0);
  rule.probability_ppb = core::parameter_or<spec::Ratio>(fault, "probability", {1'000'000'000}).ppb;
  return rule;
}

/// `begin`: of the fault.
std::string in_words(const core::DiskStrike& strike, core::Instant begin) {
  std::string range = strike.size > 0 ? fmt::format(" {}+{}", strike.offset, strike.size) : "";
  std::string who = strike.pid > 0 ? fmt::format(" by {} ({})", strike.command, strike.pid) : " by the kernel";
  const double since = std::chrono::duration<double>(strike.when - begin).count();
  return fmt::format("{:.3f}s: {} {}{}{}{}{}", since, to_text(strike.operation), strike.path, range, who,
                     strike.result.empty() ? "" : ": ", strike.result);
}

std::string nothing_matched(const core::DiskRule& rule, const core::DiskEffect& effect) {
  std::string text = "no operation matched";
  if (effect.counted > 0) return fmt::format("{} operations matched, none was chosen", effect.counted);
  if (effect.unseen > 0)
    return text +
           fmt::format("; {} files got this name when they were open already, and cannot be seen", effect.unseen);
  if (effect.nearest.empty()) return text + "; none of these operations touched any file";
  const std::size_t shown = std::min(effect.nearest.size(), nearest_shown);
  return text + fmt::format(" \"{}\"; nearest: {}", rule.path,
                            fmt::join(effect.nearest.begin(),
                                      effect.nearest.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
}

class DiskInjection : public core::Injection {
 public:
  using Judge = std::function<EvidenceRow(const core::DiskEffect&, const std::string& node)>;
  using Silence = std::function<std::string(const core::DiskEffect&)>;
  DiskInjection(const core::Context& context, core::DiskRule rule, Judge judge, Silence silence)
      : lab_(context.lab), rule_(std::move(rule)), judge_(std::move(judge)), silence_(std::move(silence)) {
    handle_ = lab_.disks().add(rule_, context.aim.on);
  }

  [[nodiscard]] core::Evidence observe() override {
    core::Evidence evidence;
    std::uint64_t decided = 0;
    std::vector<EvidenceRow> silent;
    for (const auto& effect : lab_.disks().effect(handle_)) {
      decided += effect.decided;
      const auto& node = lab_.topology().at(effect.node).name;
      if (effect.decided == 0) {
        silent.push_back(row("files of " + node, "", silence_(effect), EvidenceRow::Judgement::informative));
        continue;
      }
      evidence.rows.push_back(judge_(effect, node));
      add_strikes(effect, node, evidence);
    }
    for (auto& each : silent) {
      if (decided == 0) each.judgement = EvidenceRow::Judgement::absent;
      evidence.rows.push_back(std::move(each));
    }
    return evidence;
  }

  void revert() override {
    if (!std::exchange(reverted_, true)) lab_.disks().remove(handle_);
  }

 private:
  static EvidenceRow row(std::string what, std::string requested, std::string measured,
                         EvidenceRow::Judgement judgement) {
    return {std::move(what), std::move(requested), std::move(measured), "disk server", judgement};
  }

  void add_strikes(const core::DiskEffect& effect, const std::string& node, core::Evidence& evidence) const {
    for (std::size_t i = 0; i < std::min(effect.strikes.size(), strikes_shown); ++i) {
      const auto& strike = effect.strikes[i];
      evidence.rows.push_back(
          row(fmt::format("{} of {}", spec::ordinal(static_cast<std::int64_t>(strike.ordinal)), node), "",
              in_words(strike, begin_), EvidenceRow::Judgement::informative));
    }
  }

  core::Lab& lab_;
  core::DiskRule rule_;
  Judge judge_;
  Silence silence_;
  core::Instant begin_ = core::now();
  core::Disks::Handle handle_ = 0;
  bool reverted_ = false;
};

/// Where the operations are seen: those of programs on files, or those of a file system on its disk.
std::vector<spec::Parameter> plane_parameters() {
  spec::Parameter plane = core::described(
      "plane", ValueType::choice,
      "files: what programs ask of their files; block: what a file system of the node's own asks of its "
      "block device. All faults on disks of an experiment are on one plane.");
  plane.choices = {"block", "files"};
  plane.fallback = std::string("files");
  spec::Parameter kind =
      core::described("file_system", ValueType::choice, "Of plane = \"block\": which is made there.");
  kind.choices = {"btrfs", "ext4", "xfs"};
  kind.fallback = std::string("ext4");
  spec::Parameter size = core::described("size", ValueType::bytes, "Of plane = \"block\": how large the device is.");
  size.minimum = spec::Bytes{least_device_bytes};
  size.fallback = spec::Bytes{default_device_bytes};
  kind.default_matters = size.default_matters = is_of_device;
  return {plane, kind, size};
}

std::vector<spec::Parameter> choosing_parameters(spec::TextList operations) {
  std::vector<spec::Parameter> all;
  if (!operations.empty()) {
    all.push_back(core::described("operations", ValueType::text_list, "Which operations are looked at."));
    all.back().fallback = std::move(operations);
  }
  all.push_back(
      core::described("path", ValueType::text,
                      "Of which files, from the data directory: * and ? within a name, ** any folders, [a-z], "
                      "{a,b}; without a slash a name in any folder. All, when not given."));
  all.push_back(core::described("process", ValueType::text,
                                "By which command, as the kernel names it (15 bytes), with the same wildcards."));
  all.push_back(core::described("first_byte", ValueType::bytes, "Only those that touch this byte or a later one."));
  all.push_back(core::described("end_byte", ValueType::bytes, "Only those that touch a byte before this one."));
  const std::pair<const char*, const char*> counts[] = {
      {"nth", "Strikes this one of those that match, counted from 1 on each node, and no other."},
      {"first", "Strikes from this one on."},
      {"last", "Strikes none behind this one."},
      {"step", "Strikes every so manieth of them."}};
  for (const auto& [name, summary] : counts) {
    all.push_back(core::described(name, ValueType::integer, summary));
    all.back().minimum = std::int64_t{1};
  }
  all.push_back(core::described("after_bytes", ValueType::bytes, "Strikes none before so many bytes were asked for."));
  all.push_back(core::described("probability", ValueType::ratio, "Strikes each of them by this chance."));
  all.back().fallback = spec::Ratio{1'000'000'000};
  return all;
}

}  // namespace

spec::KindSchema disk_schema(std::string kind, std::string summary, std::vector<spec::Parameter> parameters,
                             spec::TextList operations) {
  spec::KindSchema schema = core::nodes_schema(std::move(kind), std::move(summary), std::move(parameters));
  for (auto& one : choosing_parameters(std::move(operations))) schema.parameters.push_back(std::move(one));
  for (auto& one : plane_parameters()) schema.parameters.push_back(std::move(one));
  return schema;
}

core::Documentation disk_documentation(std::string text, std::string evidence, std::string example) {
  core::Documentation documentation;
  documentation.text =
      std::move(text) +
      "\n\nThe node's data directory is mirrored by a server of ours from its start (FUSE). Files that "
      "no fault of the plan can concern pass through where the kernel can do that; a file that gets a "
      "name which a fault looks for while it is open is then not seen, and the evidence says so.";
  documentation.evidence = std::move(evidence);
  documentation.example = std::move(example);
  documentation.requirements = {"namespaces", "fuse"};
  return documentation;
}

core::DiskOperations DiskFault::operations(const spec::FaultSpec& fault) const {
  core::DiskOperations operations;
  for (const auto& name : core::parameter_or<spec::TextList>(fault, "operations", {}))
    if (const auto operation = core::disk_operation_named(name)) operations.add(*operation);
  return operations;
}

std::string DiskFault::silence(const core::DiskRule& rule, const core::DiskEffect& effect) const {
  return nothing_matched(rule, effect);
}

Objections DiskFault::objections(const spec::FaultSpec& fault) const {
  Objections all = own_objections(fault);
  for (const auto& [name, read] : {std::pair{"path", &core::glob_to_regex}, {"process", &core::name_glob_to_regex}}) {
    try {
      static_cast<void>(read(core::parameter_or<std::string>(fault, name, "")));
    } catch (const core::BadGlob& bad) {
      all.push_back({name, {bad.what(), "a backslash before one of * ? [ { \\ makes it stand for itself"}});
    }
  }
  for (const auto& name : core::parameter_or<spec::TextList>(fault, "operations", {}))
    if (!core::disk_operation_named(name))
      all.push_back({"operations",
                     {fmt::format("there is no operation \"{}\"", name),
                      fmt::format("one of {}", fmt::join(core::disk_operation_names(), ", "))}});
  if (operations(fault).empty()) all.push_back({"operations", {"no operation is named", "name at least one"}});
  for (auto& each : objections_to_plane(fault, operations(fault))) all.push_back(std::move(each));
  const auto rule = rule_of(fault, 0);
  if (rule.first_byte >= rule.end_byte)
    all.push_back({"end_byte", {"the range is empty", "let end_byte be above first_byte"}});
  if (rule.first > rule.last) all.push_back({"last", {"it is before the first", "let it be no less than first"}});
  if (core::parameter<std::int64_t>(fault, "nth"))
    for (const char* other : {"first", "last", "step"})
      if (core::parameter<std::int64_t>(fault, other))
        all.push_back({other, {"'nth' says already which", "leave out one of the two"}});
  return all;
}

std::vector<core::Claim> DiskFault::claims(const spec::FaultSpec& fault, const core::Topology& topology) const {
  core::Claim claim;
  claim.medium = core::Claim::Medium::disk;
  claim.nodes = topology.targets();  // a role or a draw may make any of them its victim
  claim.files = {{operations(fault), path_of(fault)}};
  // No page cache may stand between a device and its rules.
  if (is_of_device(fault)) claim.files.front().operations.add(device_operations);
  return {claim};
}

void DiskFault::prepare(const spec::FaultSpec& fault, core::Lab& lab) const {
  if (!is_of_device(fault)) return;
  const auto size = core::parameter_or<spec::Bytes>(fault, "size", {default_device_bytes});
  lab.disks().make_device(core::parameter_or<std::string>(fault, "file_system", "ext4"),
                          static_cast<std::uint64_t>(size.count), lab.topology().targets());
}

std::unique_ptr<core::Injection> DiskFault::inject(const core::Context& context) const {
  core::DiskRule rule = rule_of(context.fault, context.seed);
  rule.operations = operations(context.fault);
  act(context.fault, rule);
  return std::make_unique<DiskInjection>(
      context, rule,
      [this, rule](const core::DiskEffect& effect, const std::string& node) { return judge(rule, effect, node); },
      [this, rule](const core::DiskEffect& effect) { return silence(rule, effect); });
}

}  // namespace withstand::faults
