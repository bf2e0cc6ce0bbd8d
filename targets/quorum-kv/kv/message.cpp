#include "kv/message.hpp"

#include "kv/bytes.hpp"

namespace quorum_kv {

namespace {

constexpr std::size_t max_name_size = 64;

void write(ByteWriter& out, const Ticket& ticket) {
  out.u64(ticket.operation);
  out.u8(ticket.phase);
}

Ticket read_ticket(ByteReader& in) {
  Ticket ticket;
  ticket.operation = in.u64();
  ticket.phase = in.u8();
  return ticket;
}

struct Encoder {
  ByteWriter& out;

  void operator()(const Hello& hello) const {
    out.text(hello.from);
    out.text(hello.to);
    out.u32(hello.members_digest);
  }
  void operator()(const Welcome& welcome) const {
    out.text(welcome.name);
    out.u64(welcome.boot);
  }
  void operator()(const Ping& ping) const { out.u64(ping.sent); }
  void operator()(const Pong& pong) const { out.u64(pong.sent); }
  void operator()(const Query& query) const {
    write(out, query.ticket);
    out.text(query.key);
  }
  void operator()(const QueryReply& reply) const {
    write(out, reply.ticket);
    out.versioned(reply.data);
  }
  void operator()(const Store& store) const {
    write(out, store.ticket);
    out.record(store.record);
  }
  void operator()(const StoreReply& reply) const { write(out, reply.ticket); }
};

Message read_message(std::uint8_t type, ByteReader& in) {
  // Braced initialisers are evaluated left to right, so members are read in the order they were written.
  switch (type) {
    case 0:
      return Hello{in.text(max_name_size), in.text(max_name_size), in.u32()};
    case 1:
      return Welcome{in.text(max_name_size), in.u64()};
    case 2:
      return Ping{in.u64()};
    case 3:
      return Pong{in.u64()};
    case 4:
      return Query{read_ticket(in), in.text(max_key_size)};
    case 5:
      return QueryReply{read_ticket(in), in.versioned()};
    case 6:
      return Store{read_ticket(in), in.record()};
    default:
      return StoreReply{read_ticket(in)};
  }
}

std::uint32_t frame_checksum(std::uint32_t length, std::string_view payload) {
  // The length is covered too, so that a frame cut at the wrong place does not pass.
  std::string prefix;
  ByteWriter(prefix).u32(length);
  return crc32c(prefix, payload);
}

}  // namespace

std::string encode_frame(const Message& message) {
  std::string payload;
  ByteWriter body(payload);
  body.u8(static_cast<std::uint8_t>(message.index()));
  std::visit(Encoder{body}, message);
  std::string frame;
  frame.reserve(frame_header_size + payload.size());
  ByteWriter head(frame);
  const auto length = static_cast<std::uint32_t>(payload.size());
  head.u32(length);
  head.u32(frame_checksum(length, payload));
  return frame += payload;
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes) {
  ByteReader in(bytes);
  const FrameHeader header{in.u32(), in.u32()};
  if (!in.ok() || header.length == 0 || header.length > max_frame_payload) return std::nullopt;
  return header;
}

std::optional<Message> decode_payload(const FrameHeader& header, std::string_view payload, bool verify) {
  if (payload.size() != header.length) return std::nullopt;
  if (verify && frame_checksum(header.length, payload) != header.checksum) return std::nullopt;
  ByteReader in(payload);
  const std::uint8_t type = in.u8();
  if (type >= std::variant_size_v<Message>) return std::nullopt;
  Message message = read_message(type, in);
  if (!in.complete()) return std::nullopt;
  return message;
}

}  // namespace quorum_kv
