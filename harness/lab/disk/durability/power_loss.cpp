#include "lab/disk/durability/power_loss.hpp"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "lab/disk/durability/attributes.hpp"
#include "lab/disk/durability/crash_state.hpp"
#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::lab::disk {
namespace {

using nlohmann::json;

std::string_view model_name(core::PowerLoss::Model model) {
  using Model = core::PowerLoss::Model;
  switch (model) {
    case Model::ext4_ordered:
      return "ext4-ordered";
    case Model::prefix:
      return "prefix";
    case Model::lazyfs:
      return "lazyfs";
    case Model::strict_posix:
      break;
  }
  return "strict-posix";
}

std::uint64_t surviving_bytes(const PendingOperation& operation, const Survival* survival) {
  if (survival == nullptr || !operation.writes()) return 0;
  if (survival->whole) return operation.length;
  std::uint64_t sum = 0;
  for (const auto& range : survival->ranges) sum += range.end - range.begin;
  return sum;
}

const Survival* find(const Survivors& survivors, std::uint64_t number) {
  const auto found = survivors.find(number);
  return found == survivors.end() ? nullptr : &found->second;
}

std::uint64_t digest_of(const Survivors& survivors) {
  std::uint64_t digest = 0xcbf29ce484222325ULL;  // FNV-1a
  const auto mix = [&](std::uint64_t value) { digest = (digest ^ value) * 0x100000001b3ULL; };
  for (const auto& [number, each] : survivors) {
    mix(number);
    mix(each.whole ? 1 : 0);
    mix(each.size.value_or(0));
    for (const auto& range : each.ranges) {
      mix(range.begin);
      mix(range.end);
    }
  }
  return digest;
}

core::PowerLossEffect sum_up(const Shadow& shadow, const Survivors& survivors) {
  core::PowerLossEffect effect;
  for (const auto& [number, each] : *shadow.list().operations) {
    if (each.fate == PendingOperation::Fate::durable) continue;
    const Survival* survival = find(survivors, number);
    ++effect.operations;
    if (survival == nullptr) ++effect.lost;
    if (survival != nullptr && !survival->whole) ++effect.torn;
    if (!each.writes()) continue;
    effect.bytes += each.length;
    effect.lost_bytes += each.length - surviving_bytes(each, survival);
  }
  effect.written_back = shadow.written_back();
  effect.digest = digest_of(survivors);
  return effect;
}

std::string header(const core::PowerLoss& loss, const std::string& node, const core::PowerLossEffect& effect) {
  return json{{"node", node},          {"model", model_name(loss.model)},
              {"state", loss.variant}, {"operations", effect.operations},
              {"lost", effect.lost},   {"torn", effect.torn},
              {"bytes", effect.bytes}, {"lost_bytes", effect.lost_bytes}}
      .dump();
}

void write_manifest(const Shadow& shadow, const Survivors& survivors, const core::PowerLoss& loss,
                    const std::string& node, const core::PowerLossEffect& effect) {
  if (loss.manifest.empty()) return;
  std::string text = header(loss, node, effect) + "\n";
  for (const auto& [number, each] : *shadow.list().operations)
    if (const auto line = manifest_line(each, survivors, effect.cut); !line.empty()) text += line + "\n";
  os::write_file(loss.manifest, text, 0644);
}

/// A folder beside another one, that ends with all that is in it.
class Scratch {
 public:
  explicit Scratch(int root)
      : parent_(
            os::check("open what the data directory is in", ::openat(root, "..", O_PATH | O_DIRECTORY | O_CLOEXEC))) {
    remove();
    os::check("make a folder for what is lost", ::mkdirat(parent_.get(), name, 0700));
  }
  ~Scratch() { remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] os::Fd open() const {
    return os::Fd(
        os::check("open the folder for what is lost", ::openat(parent_.get(), name, O_PATH | O_DIRECTORY | O_CLOEXEC)));
  }

 private:
  static constexpr const char* name = "lost";
  void remove() const { static_cast<void>(os::remove_tree(magic_link(parent_.get()) + "/" + name)); }
  os::Fd parent_;
};

}  // namespace

std::string manifest_line(const PendingOperation& operation, const Survivors& survivors, std::chrono::nanoseconds cut) {
  const Survival* survival = find(survivors, operation.number);
  if (survival != nullptr && survival->whole) return {};
  json line{{"operation", to_text(operation.what)},
            {"path", operation.path},
            {"before_cut_ms", static_cast<double>((cut - operation.when).count()) / 1e6},
            {"number", operation.number}};
  if (!operation.new_path.empty()) line["new_path"] = operation.new_path;
  if (!operation.attribute.empty()) line["attribute"] = operation.attribute;
  if (operation.kind == PendingOperation::Kind::data) {
    line["offset"] = operation.offset;
    line["size"] = operation.what == Operation::truncate ? operation.size_after : operation.length;
  }
  if (survival != nullptr) {
    json kept = json::array();
    for (const auto& range : survival->ranges) kept.push_back({range.begin, range.end});
    line["kept"] = std::move(kept);
    if (survival->size) line["kept_size"] = *survival->size;
  }
  if (operation.fate == PendingOperation::Fate::doomed) line["failed_sync"] = true;
  return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

core::PowerLossEffect lose_power(Shadow& shadow, int root, const core::PowerLoss& loss, const std::string& node,
                                 std::chrono::nanoseconds cut) {
  const auto draws = core::draw_stream(loss.seed, loss.fault, node, "disk: power cut").within(loss.variant);
  const Survivors survivors = choose_survivors(shadow.list(), loss, draws, cut);
  core::PowerLossEffect effect = sum_up(shadow, survivors);
  effect.cut = cut;
  write_manifest(shadow, survivors, loss, node, effect);
  const Scratch scratch(root);
  CrashState(shadow, survivors, scratch.open()).make();
  return effect;
}

}  // namespace withstand::lab::disk
