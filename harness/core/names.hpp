#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/draw.hpp"
#include "core/topology.hpp"

/// Names and their addresses, as the nodes of a lab learn them from their resolvers (DNS), and what faults ask of
/// those.
namespace withstand::core {

/// What becomes of a query instead of the right answer. Where several faults strike one query, the first of this list
/// decides, and among equals the one that was injected first; slowness comes on top of whatever is answered.
enum class NameAnswer {
  timeout,    ///< none
  truncated,  ///< over UDP: nothing but the mark that says so (TC); over TCP the right answer, or none
  refused,    ///< REFUSED
  servfail,   ///< SERVFAIL
  nxdomain,   ///< NXDOMAIN: there is no such name
  empty,      ///< NOERROR without a record: the name has none of this type
  stale,      ///< an address at which nobody is any more
  wrong,      ///< another address
  slow,       ///< the right answer, later
};
std::string_view to_text(NameAnswer answer);

/// What one injection asks of the resolvers of some nodes.
struct NameFault {
  NameAnswer answer = NameAnswer::timeout;
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  std::vector<std::string> names;    ///< patterns (fnmatch(3)), in lower case, without a dot at the end
  std::uint16_t type = 0;            ///< of record (IANA's number); 0: all
  std::int64_t share_ppb = 0;        ///< of the queries that match
  std::string address, address6;     ///< wrong: IPv4 and IPv6; empty: the name has none of that family
  std::chrono::nanoseconds delay{};  ///< slow
  bool answer_over_tcp = true;       ///< truncated
};

/// Whether the fault concerns such a query. `name` in lower case, without a dot at the end. Pure; thread-safe.
bool concerns(const NameFault& fault, std::string_view name, std::uint16_t type, bool over_tcp);

/// What decides which of the queries that it concerns it strikes, of those by this node for this name and type: a hash
/// of all of these, the seed and the fault's name. Pure; thread-safe.
DrawStream query_draws(const NameFault& fault, std::string_view node, std::string_view name, std::uint16_t type);

/// Whether it strikes the ordinal-th of them, from 0.
bool strikes(const NameFault& fault, const DrawStream& draws, std::uint64_t ordinal);

/// Of one node and fault, so many names and types are told apart; what is asked beyond is decided and counted as one.
inline constexpr std::size_t most_names = 4096;
/// What stands for those, among names and in draws.
inline constexpr const char* further_names = "";
inline constexpr std::uint16_t further_types = 0;

/// How often a node asked for a name and type while a fault concerned them.
struct AskedName {
  std::string name;
  std::uint16_t type = 0;
  std::uint64_t asked = 0;
};

/// What a fault did to one node's queries since it was added. Nothing here is counted by the code that decides: queries
/// are counted as they are read from the node's socket, answers as they are written to it, by their bytes.
/// asked = struck + spared, and struck = shown + overruled + waiting + lost + strayed where nothing is wrong.
struct NameEffect {
  NodeId node = 0;
  std::uint64_t asked = 0;      ///< that the fault concerns
  std::uint64_t over_tcp = 0;   ///< of those
  std::uint64_t shown = 0;      ///< struck, and what was written is what the fault asks for (timeout: nothing was)
  std::uint64_t overruled = 0;  ///< struck, but answered as another fault on the same query asks
  std::uint64_t waiting = 0;    ///< not answered yet
  std::uint64_t lost = 0;       ///< the answer could not be written: the node had closed its connection
  std::uint64_t spared = 0;     ///< not struck, and answered as without this fault
  std::uint64_t strayed = 0;    ///< answered otherwise than the seed decides, or than the fault asks for
  std::string stray;            ///< the first of those, in words
  std::int64_t delay_min_ns = 0, delay_mean_ns = 0, delay_max_ns = 0;  ///< slow: from read to written, of those shown
  std::int64_t asked_delay_mean_ns = 0;  ///< slow: the same as all faults together asked for them
  std::uint64_t asked_again = 0;         ///< truncated: queries over TCP for what it had struck over UDP
  std::vector<AskedName> names;          ///< of which `asked` is the sum
  std::vector<std::string> others;       ///< what else the node asked meanwhile ("n2 AAAA"), some of it
  std::uint64_t unread = 0;              ///< queries that the kernel dropped before they were read
};

/// The resolvers of a lab, one in each node, as faults see them. On the event loop's thread.
class Names {
 public:
  using Handle = std::uint64_t;
  virtual ~Names() = default;
  /// From the next query on that is read. An empty list of nodes is an error.
  virtual Handle add(const NameFault& fault, const std::vector<NodeId>& nodes) = 0;
  /// Ends it; answers that it holds back are still written at their time. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual std::vector<NameEffect> effect(Handle handle) = 0;
};

/// "A", "AAAA", "PTR", ...; "TYPE65280" where there is no name.
std::string record_type_name(std::uint16_t type);
/// The same back, of the names that faults know: a, aaaa, cname, https, mx, naptr, ns, ptr, soa, srv, svcb, txt; 0 of
/// others.
std::uint16_t record_type(std::string_view name);

}  // namespace withstand::core
