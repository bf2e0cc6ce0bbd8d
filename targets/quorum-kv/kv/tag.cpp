#include "kv/tag.hpp"

#include <fmt/format.h>

namespace quorum_kv {

std::string to_string(const Tag& tag) {
  return fmt::format("{}.{}.{}.{}", tag.counter, tag.node, tag.boot, tag.operation);
}

}  // namespace quorum_kv
