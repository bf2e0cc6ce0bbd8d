#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/impairment.hpp"
#include "core/topology.hpp"

/// What can be asked of HTTP/1 messages (RFC 9112), as against connections: of requests that were sent over a link, and
/// of the responses that come back. HttpSettings and HttpEffect cross into another process as they lie in memory.
namespace withstand::core {

struct HttpSettings {
  enum class Action {
    delay,     ///< the message, and what comes behind it in its direction, arrives later
    abort,     ///< the connection is reset instead
    status,    ///< the response says another status
    truncate,  ///< the connection ends in the middle of the body
    drop,      ///< the message never arrives, the connection stays open
  };
  enum class Side { request, response };
  enum class Told { client, server, both };

  Action action = Action::delay;
  Side side = Side::request;                  ///< what is acted on, and whose match counts
  std::int64_t toxicity_ppb = 1'000'000'000;  ///< share of the messages that match
  std::uint16_t port = 0;                     ///< of the service; 0: any
  DelaySettings delay{};                      ///< delay; without correlation, table or recording
  Told told = Told::client;                   ///< abort: who is sent the reset
  std::uint16_t code = 0;                     ///< status: 200 to 599, of those that may have a body
  std::int64_t after_bytes = 0;               ///< truncate: of the body, as it is on the wire, that pass
  bool orderly = true;                        ///< truncate: the reader sees an end (FIN), else a reset
};

/// Which messages it is asked of: everything that is given must hold, and of methods and statuses one. In `path`,
/// `host` and values * stands for any text and ? for one character.
struct HttpMatch {
  struct Header {
    std::string name{};   ///< in any case
    std::string value{};  ///< empty: any
  };
  std::vector<std::string> methods{};
  std::string path{};                      ///< without the query; empty: any
  std::string host{};                      ///< in any case; without its port, unless the pattern has one
  std::vector<Header> headers{};           ///< of the request
  std::vector<Header> response_headers{};  ///< side response
  std::vector<std::string> statuses{};     ///< "503", "5xx"; side response
};

struct HttpImpairment {
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  HttpSettings settings{};
  HttpMatch match{};
};

/// What it did to messages of connections opened over one link since it was added. What arrived is counted where
/// packets are written to the nodes' interfaces.
struct HttpEffect {
  Link link;
  std::uint64_t connections = 0;                                 ///< that spoke HTTP/1
  std::uint64_t not_http = 0, tls = 0, http2 = 0, upgraded = 0;  ///< connections that did not, or no more
  std::uint64_t oversized = 0;                ///< connections with a head above 64 KiB: not read any further
  std::uint64_t malformed = 0;                ///< connections that were HTTP/1 until they were no more
  std::uint64_t requests = 0, responses = 0;  ///< read; interim responses (1xx) left out
  std::uint64_t matched = 0;                  ///< messages of the side concerned
  std::uint64_t chosen = 0;                   ///< of those, by toxicity
  std::uint64_t decided = 0;                  ///< the same, decided again from the seed in another process
  std::uint64_t acted = 0;                    ///< chosen messages to which it could do what it is for
  std::uint64_t unfit = 0;      ///< status: chosen, but had no body, or said it already, or another fault's
  std::uint64_t too_late = 0;   ///< chosen, but part of its first line had passed before its head was whole
  std::uint64_t too_short = 0;  ///< truncate: chosen, but the body has no more bytes than may pass
  std::uint64_t early = 0;      ///< segments that came before their predecessors: lost, TCP sends them again
  /// delay: from the head read to the head delivered. hasty: sooner than was drawn.
  std::uint64_t delayed = 0, hasty = 0, cut_short = 0;  ///< cut_short: ended by an abort or the fault's end; not timed
  std::int64_t delay_mean_ns = 0, delay_p99_ns = 0, delay_min_ns = 0, drawn_mean_ns = 0;
  std::uint64_t told_client = 0, told_server = 0;    ///< connections struck, to whose end an abort (RST) was delivered
  std::uint64_t ended_client = 0, ended_server = 0;  ///< the same of the stream's end (FIN)
  std::uint64_t rewritten = 0;                       ///< responses delivered with the status asked for
  std::uint64_t original = 0;   ///< responses delivered with their own although it was decided to change it: must be 0
  std::uint64_t held_back = 0;  ///< payload that was sent beyond the point where nothing may pass
  std::uint64_t leaked_bytes = 0;  ///< of that, delivered all the same: must be 0
};

/// A kind of request that was seen: its method and path.
struct HttpSeen {
  std::string what;
  std::uint64_t count = 0;
};

}  // namespace withstand::core
