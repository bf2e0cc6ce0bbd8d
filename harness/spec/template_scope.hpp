#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"
#include "spec/target.hpp"

/// Which placeholders a text may use, so that a wrong one is found before anything runs. The lab uses it too, for the
/// configuration templates that only it can read. Pure, thread-safe.
namespace withstand::spec {

/// `{key}` and `{value}` in a driver option are for the driver, operation by operation. This doubles their braces, so
/// that `expand` leaves them standing as they are; everything else stays.
std::string keep_driver_words(std::string_view text);

class TemplateScope {
 public:
  using Counts = std::map<std::string, std::int64_t>;

  /// A text of a node of `kind`: everything that target.hpp lists.
  static TemplateScope of_node(const Target& target, const Counts& counts, const NodeKind& kind);
  /// ListSpec::item, expanded for each member, which is of `kind`.
  static TemplateScope of_member(const Target& target, const Counts& counts, const NodeKind& kind);
  /// ProbeSpec::text for a node of `kind`; nullptr: the probe selects no node, and only {NODE...} can be said.
  static TemplateScope of_probe(const Target& target, const Counts& counts, const NodeKind* kind);
  /// LoadSpec::command.
  static TemplateScope of_load(const Target& target, const Counts& counts);
  /// Target::driver_options.
  static TemplateScope of_driver(const Target& target, const Counts& counts);

  /// Everything wrong with the text, with places; empty when `expand` will succeed.
  [[nodiscard]] std::vector<Complaint> complaints(std::string_view text) const;

 private:
  TemplateScope(const Target& target, const Counts& counts) : target_(target), counts_(counts) {}
  [[nodiscard]] bool knows(std::string_view name) const;
  /// Whether `what` ("port", "port.client") is a port of that kind.
  static bool has_port(const NodeKind& kind, std::string_view what);
  [[nodiscard]] const NodeKind* kind_named(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> known() const;

  const Target& target_;
  const Counts& counts_;
  std::vector<std::string> words_;  ///< besides ports, lists and nodes
  const NodeKind* self_ = nullptr;  ///< whose ports {port...} means
  bool lists_ = false;
};

}  // namespace withstand::spec
