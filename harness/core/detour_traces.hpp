#pragma once

#include <string>

#include "os/traffic_control.hpp"

/// What impairing an interface that is not ours leaves in its network namespace, and how it is found and taken away
/// again: by the orchestrator, by the guardian, by `withstand recover`.
namespace withstand::core {

struct DetourTraces {
  std::string network;     ///< the namespace's file: /run/netns/NAME, /proc/PID/ns/net
  std::string identity;    ///< os::NetworkNamespace::identity
  std::string interface;   ///< whose packets are diverted
  int index = 0;           ///< its number there: another one may get its name, but not its number
  std::string owner;       ///< the run
  bool made_hook = false;  ///< its clsact is ours: there was none
  std::string table{};     ///< of nftables, family inet, ours as a whole; empty: none
};

/// Of the run's own interfaces, "ws3fa2b1x": no other interface of kind ifb has such a name.
std::string detour_prefix(const std::string& owner);
/// What people read of them (ip -details link).
std::string detour_alias(const std::string& owner);

/// Of the run's own table in nftables.
std::string rules_table(const std::string& owner);

/// Takes away the filters that carry the owner's tag, then the owner's interfaces, then the hook if it was made and
/// nobody else uses it. Touches nothing else; idempotent. Throws SystemError.
void remove_detours(os::TrafficControl& control, const DetourTraces& traces);

/// The same from outside the namespace, wherever its file is by now. Empty when nothing is left, else why not.
std::string undo_detours(const DetourTraces& traces);
/// What undo_detours would still have to do, in words; empty when nothing, or when it cannot be looked at.
std::string detours_left(const DetourTraces& traces);

}  // namespace withstand::core
