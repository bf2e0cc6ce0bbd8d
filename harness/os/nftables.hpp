#pragma once

#include <memory>
#include <string>

namespace withstand::os {

/// nftables of one network namespace (libnftables(3), nft(8)), by the words of its own language. A list of commands is
/// one transaction: all of it, or nothing. Not thread-safe; move-only.
class Nftables {
 public:
  Nftables();  ///< of the caller's network namespace, from then on from anywhere; throws std::runtime_error
  ~Nftables();
  Nftables(Nftables&&) noexcept;
  Nftables& operator=(Nftables&&) noexcept;

  /// Throws std::runtime_error with `attempt` and the first line of what nft says.
  void run(const std::string& attempt, const std::string& commands);
  /// The same for what answers ("list chain inet t c"): JSON, as libnftables-json(5) describes it.
  [[nodiscard]] std::string ask(const std::string& attempt, const std::string& command);

  /// Of family inet.
  [[nodiscard]] bool has_table(const std::string& name);
  /// Nothing when it is not there.
  void remove_table(const std::string& name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::os
