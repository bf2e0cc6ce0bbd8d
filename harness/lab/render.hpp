#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/topology.hpp"
#include "lab/lookup.hpp"
#include "lab/node_plan.hpp"
#include "lab/programs.hpp"
#include "spec/experiment.hpp"

namespace withstand::lab {

/// Where programs in the nodes find the lab's names first. Their resolvers know them in any case.
enum class NamesFrom {
  hosts_file,  ///< /etc/hosts has all of them
  resolver,    ///< /etc/hosts has localhost only, so that every look-up is a query
};

/// Turns a target's definition into what each node is: argv, environment, user, folders and configuration files. The
/// arguments must outlive it.
class Renderer {
 public:
  /// `scratch` is RUN/lab. Throws std::runtime_error naming the program or template file that is missing.
  Renderer(const spec::Experiment& experiment, const core::Topology& topology, std::string scratch);

  [[nodiscard]] const NodePlan& plan(core::NodeId node) const { return plans_.at(node); }
  [[nodiscard]] const spec::NodeKind* kind(core::NodeId node) const;  ///< none for clients
  [[nodiscard]] std::string expand(core::NodeId node, const std::string& text) const;
  /// Expanded, argv[0] as the node sees the program it names (left alone where there is none).
  [[nodiscard]] std::vector<std::string> command(core::NodeId node, const std::vector<std::string>& templates) const;
  /// As it is, but argv[0] as the node sees it.
  [[nodiscard]] std::vector<std::string> located(core::NodeId node, std::vector<std::string> argv) const;
  [[nodiscard]] const Programs& programs() const { return programs_; }

  /// Makes every node's folders, configuration files, and the shared files about names.
  void write_files(NamesFrom names) const;

 private:
  NodePlan make_plan(const core::NodeInfo& node, const os::Credentials& who);
  void add_commands(NodePlan& plan, const spec::NodeKind& kind);
  void add_load_command(NodePlan& plan) const;
  void show(core::NodeId node, const std::vector<std::string>& templates);
  void write_node(const core::NodeInfo& node) const;
  [[nodiscard]] std::vector<std::string> environment(const core::NodeInfo& node, const spec::NodeKind* kind) const;

  const spec::Experiment& experiment_;
  const core::Topology& topology_;
  std::string scratch_;
  Programs programs_;
  std::vector<Places> places_;
  std::vector<NodePlan> plans_;
  std::vector<Views> views_;
};

/// /etc/hosts for every node: localhost, and unless names come from the resolver, every node's name with both
/// addresses.
std::string hosts_file(const core::Topology& topology, NamesFrom names);
/// A host's /etc/nsswitch.conf as nodes have it: names come from /etc/hosts, then from the resolver, and from nowhere
/// else (no mDNS, no service of the host's).
std::string name_switch_file(const std::string& of_host);

}  // namespace withstand::lab
