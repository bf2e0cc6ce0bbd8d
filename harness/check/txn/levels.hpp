#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Isolation levels and what each forbids.
///
/// A. Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for Distributed Transactions", 1999
/// (G0, G1, G-single, G2 and PL-1 to PL-3); P. Bailis et al., "Highly Available Transactions", VLDB 2014; A. Cerone,
/// G. Bernardi, A. Gotsman, CONCUR 2015 (snapshot isolation: no cycle without two neighbouring anti-dependencies);
/// K. Kingsbury, P. Alvaro, "Elle", VLDB 2020 (anomalies of lists and registers, variants with process and real time).
namespace withstand::check {

struct IsolationLevel {
  std::string_view name;
  std::vector<std::string_view> includes;  ///< what holds at this level holds at these too
};

std::span<const IsolationLevel> isolation_levels();
/// nullptr when there is none of that name. Adya's names work too (PL-1, PL-2, PL-2.99, PL-3, PL-SI, PL-SS).
const IsolationLevel* find_level(std::string_view name);

/// The weakest levels that an anomaly rules out; empty for an anomaly that is unknown.
std::span<const std::string_view> ruled_out_by(std::string_view anomaly);
/// Whether a history with this anomaly is none of this level.
bool forbids(const IsolationLevel& level, std::string_view anomaly);
/// The weakest levels that these anomalies rule out together.
std::vector<std::string_view> weakest_ruled_out(const std::set<std::string>& anomalies);
/// Whether the level, or one that it includes, speaks of the order of one client's transactions, or of real time.
bool minds_processes(const IsolationLevel& level);
bool minds_real_time(const IsolationLevel& level);

}  // namespace withstand::check
