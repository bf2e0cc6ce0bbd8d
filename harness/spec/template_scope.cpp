#include "spec/template_scope.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "spec/diagnostic.hpp"
#include "spec/names.hpp"
#include "spec/template.hpp"

namespace withstand::spec {
namespace {

const std::vector<std::string>& driver_words() {
  static const std::vector<std::string> words{"key", "value"};
  return words;
}

bool is_port(std::string_view what) { return what == "port" || what.starts_with("port."); }

}  // namespace

TemplateScope TemplateScope::of_node(const Target& target, const Counts& counts, const NodeKind& kind) {
  TemplateScope scope(target, counts);
  scope.words_ = {"name", "kind", "index", "address", "address6", "data", "config", "first", "build", "target"};
  scope.self_ = &kind;
  scope.lists_ = true;
  return scope;
}

TemplateScope TemplateScope::of_member(const Target& target, const Counts& counts, const NodeKind& kind) {
  TemplateScope scope(target, counts);
  scope.words_ = {"name", "kind", "index", "address", "address6"};
  scope.self_ = &kind;
  return scope;
}

TemplateScope TemplateScope::of_probe(const Target& target, const Counts& counts, const NodeKind* kind) {
  TemplateScope scope(target, counts);
  if (kind != nullptr) scope.words_ = {"node", "address", "address6"};
  scope.self_ = kind;
  return scope;
}

TemplateScope TemplateScope::of_load(const Target& target, const Counts& counts) {
  TemplateScope scope(target, counts);
  scope.words_ = {"build", "target"};
  scope.lists_ = true;
  return scope;
}

TemplateScope TemplateScope::of_driver(const Target& target, const Counts& counts) {
  TemplateScope scope = of_load(target, counts);
  scope.words_.insert(scope.words_.end(), driver_words().begin(), driver_words().end());
  return scope;
}

std::vector<Complaint> TemplateScope::complaints(std::string_view text) const {
  const Result<std::vector<Placeholder>> found = placeholders(text);
  if (!found) return {found.error()};
  std::vector<Complaint> out;
  for (const Placeholder& placeholder : *found) {
    if (knows(placeholder.name)) continue;
    const std::vector<std::string> names = known();
    const std::string near = nearest(placeholder.name, names);
    std::string help = fmt::format("did you mean '{{{}}}'?", near);
    if (near.empty()) {
      help.clear();
      for (const std::string& name : names) help += fmt::format("{}{{{}}}", help.empty() ? "there is: " : " ", name);
      help += "; {{ and }} stand for literal braces";
    }
    out.push_back(
        {fmt::format("unknown placeholder '{{{}}}'", placeholder.name), help, placeholder.offset, placeholder.length});
  }
  return out;
}

std::string keep_driver_words(std::string_view text) { return keep(text, driver_words()); }

bool TemplateScope::knows(std::string_view name) const {
  if (std::find(words_.begin(), words_.end(), name) != words_.end()) return true;
  if (is_port(name)) return self_ != nullptr && has_port(*self_, name);
  const auto is_list = [&](const ListSpec& list) { return list.name == name; };
  if (lists_ && std::any_of(target_.lists.begin(), target_.lists.end(), is_list)) return true;
  const std::size_t dot = name.find('.');
  if (dot == name.npos) return false;
  const std::string_view node = name.substr(0, dot);
  const std::string_view what = name.substr(dot + 1);
  for (const NodeName& known_node : node_names(target_, counts_)) {
    if (known_node.name != node) continue;
    if (what == "name" || what == "address" || what == "address6") return true;
    return is_port(what) && has_port(*kind_named(known_node.kind), what);
  }
  return false;
}

bool TemplateScope::has_port(const NodeKind& kind, std::string_view what) {
  if (what == "port") return !kind.ports.empty();
  return what.starts_with("port.") && kind.ports.contains(std::string(what.substr(5)));
}

const NodeKind* TemplateScope::kind_named(std::string_view name) const {
  for (const NodeKind& kind : target_.kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::vector<std::string> TemplateScope::known() const {
  std::vector<std::string> names = words_;
  if (self_ != nullptr && !self_->ports.empty()) names.emplace_back("port");
  if (self_ != nullptr) {
    for (const std::string& port : self_->port_order) names.push_back("port." + port);
  }
  if (lists_) {
    for (const ListSpec& list : target_.lists) names.push_back(list.name);
  }
  for (const NodeKind& kind : target_.kinds) {
    const std::vector<NodeName> nodes = node_names(target_, counts_);
    const auto first = std::find_if(nodes.begin(), nodes.end(), [&](const NodeName& n) { return n.kind == kind.name; });
    if (first == nodes.end()) continue;
    names.push_back(first->name + ".address");
    for (const std::string& port : kind.port_order) names.push_back(fmt::format("{}.port.{}", first->name, port));
  }
  return names;
}

}  // namespace withstand::spec
