#pragma once

#include <optional>
#include <string>
#include <variant>

#include "spec/experiment.hpp"

namespace withstand::core {

/// A fault's parameter by name: nothing when the file does not say and the kind has no default. The parser has checked
/// the type.
template <class T>
std::optional<T> parameter(const spec::FaultSpec& fault, const std::string& name) {
  const auto it = fault.parameters.find(name);
  if (it == fault.parameters.end()) return std::nullopt;
  return std::get<T>(it->second);
}

template <class T>
T parameter_or(const spec::FaultSpec& fault, const std::string& name, T fallback) {
  return parameter<T>(fault, name).value_or(std::move(fallback));
}

}  // namespace withstand::core
