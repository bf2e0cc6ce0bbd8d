#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lab/dns/message.hpp"
#include "promise.hpp"

/// A datagram as a node may send it to its resolver: what goes back is an answer to it, within its limit, and reads
/// back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dns = withstand::lab::dns;
  using withstand::fuzz::promise;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(dns::read_reply({data, size}));
  const auto query = dns::read_query({data, size});
  if (!query) return 0;
  promise(query->question || query->refusal != dns::rcode::no_error, "without a question there is a refusal", input);
  dns::Reply reply{query->refusal, false, {}};
  if (query->refusal == dns::rcode::no_error)
    reply.records = {{dns::type::a, "198.18.0.1"}, {dns::type::aaaa, "fd57:7374::1"}, {dns::type::ptr, "n1."}};
  const dns::Bytes wire = dns::write_reply(*query, reply, query->udp_limit);
  promise(wire.size() >= 12 && wire.size() <= query->udp_limit, "an answer keeps its limit", input);
  promise(wire[0] == data[0] && wire[1] == data[1] && (wire[2] & 0x80) != 0, "it is an answer to this query", input);
  if (!query->question) return 0;
  const auto seen = dns::read_reply(wire);
  promise(seen && seen->question.name == query->question->name, "it holds the question", input);
  promise(seen->reply.truncated || seen->reply == reply, "an answer reads back as itself", input);
  return 0;
}
