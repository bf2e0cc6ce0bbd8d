#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/units.hpp"

/// target.toml as plain structs. Texts marked (T) are templates:
///   {name} {kind} {index} {address} {address6} {data} {config} {port} {port.NAME}: of the node itself; {port} is its
///     first port
///   {NODE.name} {NODE.address} {NODE.address6} {NODE.port} {NODE.port.NAME}: of another node, by name
///   {LISTNAME}: a named list, see ListSpec
///   {first}: "true" on the first node of the kind, else "false"
///   {build}: folder with the programs that were built with the harness; {target}: folder of target.toml
///   {{ and }}: literal braces
namespace withstand::spec {

/// A configuration file rendered per node into its {config} folder.
struct FileSpec {
  std::string source;     ///< path of the template, relative to target.toml; its content is (T). Empty: `text` holds it
  std::string text;       ///< (T)
  std::string name;       ///< file name in {config}
  std::string on;         ///< "all" (default), "first", "rest", or a node's name
  bool writable = false;  ///< the target rewrites it (redis, sentinel)
};

/// When a node counts as ready. Exactly one source. All are asked again every 10 ms until `timeout`.
struct ReadySpec {
  enum class Source { none, tcp, http, command, log };
  Source source = Source::none;
  std::string text;  ///< port name for tcp, (T) URL for http, (T) command line, or regular expression on the log
  int status = 200;
  Duration timeout = std::chrono::seconds(10);
};

/// How a node is asked to do something: a signal or a command run inside it. (T)
struct ActionSpec {
  std::string signal;  ///< "TERM"; empty when `command` is set
  std::vector<std::string> command;
  Duration grace = std::chrono::seconds(5);  ///< for stop: how long before SIGKILL
};

/// Who holds a role, asked at the moment it is needed.
struct RoleSpec {
  std::string of;             ///< kind whose nodes hold the role
  std::string complement_of;  ///< "primary": this role is every live node of `of` that does not hold that one; then
                              ///< nothing else is set
  std::string on;  ///< kind of node in which `command` runs; every live node is asked, the majority's answer counts
  std::vector<std::string>
      command;        ///< (T) prints a node's address or name on some line of stdout; nothing: nobody holds it
  bool self = false;  ///< each node of `of` is asked of itself alone: it holds the role when it names itself
  Duration timeout = std::chrono::seconds(2);
};

struct NodeKind {
  std::string
      name;  ///< "redis"; nodes are redis-1, redis-2, ...; a target with one kind and no name for it: n1, n2, ...
  std::int64_t count = 1;                     ///< default number of nodes
  std::vector<std::string> command;           ///< (T) argv; argv[0] is looked up in {build}, {target}, then PATH
  std::vector<std::string> first_start_args;  ///< (T) appended at a node's very first start only (quorum-kv's --init)
  std::map<std::string, std::string> env;     ///< (T)
  std::string user;  ///< run as this user when root; empty: a free uid that owns the data directory
  std::vector<FileSpec> files;
  std::map<std::string, std::int64_t> ports;  ///< name -> number
  std::vector<std::string> port_order;        ///< names in file order; the first is {port}
  std::vector<std::string> data;              ///< folders made inside {data} before the first start
  ReadySpec ready;
  ActionSpec stop;
  ActionSpec reload;
  std::vector<std::string> before_start;  ///< (T) command run once before the first start, as the node's user (initdb)
  std::vector<std::string> starts_after;  ///< kinds whose nodes must be ready first
  bool serves_clients = true;             ///< the driver talks to nodes of this kind
};

/// A text made from several nodes, e.g. name = "peers", of = "kv", item = "{name}={address}:{port.peer}", separator =
/// ",".
struct ListSpec {
  std::string name;
  std::string of;
  std::string item;
  std::string separator = ",";
  bool include_self = true;
};

/// A node that somebody else runs: only the packets of one of its interfaces are ours to impair.
struct AttachedNode {
  std::string name;
  std::string network;    ///< the file of its network namespace: /run/netns/NAME, /proc/PID/ns/net
  std::string interface;  ///< in that namespace
  std::string address;    ///< what {address} stands for; empty: the interface's first IPv4 address when the run begins
  Position at;
};

struct Target {
  std::string name;
  std::string folder;  ///< where target.toml stands; templates are relative to it
  std::string file;    ///< the file itself, for messages
  std::string summary;
  std::string driver;  ///< one of drivers() in spec/vocabulary.hpp, or empty
  std::map<std::string, std::string>
      driver_options;  ///< seen from the client: of (T) it knows {NODE...}, {LISTNAME}, {build} and {target}; the
                       ///< driver itself fills in {key} and {value} (keep_driver_words in spec/template_scope.hpp).
                       ///< e.g. sentinel = "{sentinels}", master = "mymaster", path = "/kv/{key}"
  std::vector<NodeKind> kinds;  ///< in file order
  /// Not empty: these are the nodes, of the only kind there is, and nothing is launched.
  std::vector<AttachedNode> attached{};
  std::map<std::string, RoleSpec> roles;
  std::vector<ListSpec> lists;
  std::vector<std::vector<std::string>>
      versions;  ///< commands whose first output line is recorded, e.g. ["redis-server", "--version"]
  std::vector<std::string> packages;  ///< Debian packages that hold the programs, named when one is missing
  Position at;
};

}  // namespace withstand::spec
