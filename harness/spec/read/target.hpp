#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spec/read/table_reader.hpp"
#include "spec/target.hpp"

namespace withstand::spec {

class TargetSource;

/// Texts with placeholders, remembered while a target is read and judged when all of it is known.
struct PendingTemplates {
  struct Text {
    const Item* item;
    std::string kind;  ///< the node's kind; empty: a driver option
    bool member = false;
  };
  std::vector<Text> texts;
  std::vector<Text> nodes;            ///< names of nodes of `kind`
  std::vector<const Item*> programs;  ///< of commands, where they hold no placeholder but a leading {target}
};

/// Reads one kind of node out of a table. `outer`: the table is an experiment's [target], whose `args`, `env` and
/// `nodes` are the experiment's own.
NodeKind read_kind(TableReader& fields, const std::string& name, bool outer, PendingTemplates& pending);

/// A target definition: target.toml, or [target] without `use`.
class TargetReader {
 public:
  TargetReader(TableReader& fields, bool in_experiment) : fields_(fields), in_experiment_(in_experiment) {}

  void read();
  /// What needs the numbers of nodes: placeholders that name nodes.
  void check(const std::map<std::string, std::int64_t>& counts);
  /// The user's own target whose program does not exist is mistyped; one that names packages may be uninstalled.
  void check_programs(const TargetSource& programs);
  [[nodiscard]] Target& target() { return target_; }

 private:
  void read_kinds();
  void read_roles();
  void read_asked_role(TableReader& fields, const std::string& what, RoleSpec& role);
  void read_lists();
  void read_versions();
  void check_order();
  void check_kind(const Item* name, const std::string& what);
  [[nodiscard]] const NodeKind* kind(const std::string& name) const;

  TableReader& fields_;
  bool in_experiment_;
  Target target_;
  PendingTemplates pending_;
};

/// The folder part of a path, "." when there is none.
std::string folder_of(const std::string& file);

}  // namespace withstand::spec
