#include "lab/dns/message.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ldns/ldns.h>
#include <memory>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

// libldns makes macros of what the language has, which whoever is compiled after this would meet.
#undef bool
#undef false
#undef true

namespace withstand::lab::dns {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint8_t answer_bit = 0x80;

struct Release {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
  void operator()(ldns_rdf* field) const { ldns_rdf_deep_free(field); }
  void operator()(char* text) const { std::free(text); }
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

template <class T>
Owned<T> own(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return Owned<T>(made);
}

Owned<ldns_pkt> parse(ByteView wire) {
  ldns_pkt* packet = nullptr;
  if (::ldns_wire2pkt(&packet, wire.data(), wire.size()) != LDNS_STATUS_OK) return nullptr;
  return Owned<ldns_pkt>(packet);
}

std::string text_of(const ldns_rdf* field) { return own(::ldns_rdf2str(field)).get(); }

std::string plain_name(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  return text;
}

std::optional<Question> question_of(const ldns_pkt* packet) {
  if (::ldns_pkt_qdcount(packet) != 1) return std::nullopt;
  const ldns_rr* record = ::ldns_rr_list_rr(::ldns_pkt_question(packet), 0);
  const ldns_rdf* owner = record == nullptr ? nullptr : ::ldns_rr_owner(record);
  if (owner == nullptr) return std::nullopt;
  Question question;
  question.name = plain_name(text_of(owner));
  question.type = static_cast<std::uint16_t>(::ldns_rr_get_type(record));
  question.record_class = static_cast<std::uint16_t>(::ldns_rr_get_class(record));
  const std::uint8_t* data = ::ldns_rdf_data(owner);
  question.owner.assign(data, data + ::ldns_rdf_size(owner));
  return question;
}

/// What a well-formed query gets that asks for more than a resolver such as this does.
unsigned refusal_of(const Query& query, const ldns_pkt* packet) {
  if (query.opcode != LDNS_PACKET_QUERY) return rcode::not_implemented;
  if (!query.question) return rcode::format_error;
  if (query.edns && ::ldns_pkt_edns_version(packet) != 0) return rcode::bad_version;
  const Question& asked = *query.question;
  const bool transfer = asked.type == type::axfr || asked.type == type::ixfr;
  return transfer || asked.record_class != LDNS_RR_CLASS_IN ? rcode::refused : rcode::no_error;
}

Owned<ldns_rr> new_record(const Bytes& owner, std::uint16_t type) {
  auto record = own(::ldns_rr_new());
  ::ldns_rr_set_owner(record.get(),
                      own(::ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, owner.size(), owner.data())).release());
  ::ldns_rr_set_type(record.get(), static_cast<ldns_rr_type>(type));
  ::ldns_rr_set_class(record.get(), LDNS_RR_CLASS_IN);
  return record;
}

ldns_rdf_type field_type(std::uint16_t type) {
  return type == type::a ? LDNS_RDF_TYPE_A : type == type::aaaa ? LDNS_RDF_TYPE_AAAA : LDNS_RDF_TYPE_DNAME;
}

void push(ldns_pkt* packet, ldns_pkt_section section, Owned<ldns_rr> record) {
  if (!::ldns_pkt_push_rr(packet, section, record.get())) throw std::bad_alloc();
  static_cast<void>(record.release());  // the packet owns it now
}

void push_question(ldns_pkt* packet, const Question& question) {
  auto record = new_record(question.owner, question.type);
  ::ldns_rr_set_question(record.get(), true);
  ::ldns_rr_set_class(record.get(), static_cast<ldns_rr_class>(question.record_class));
  push(packet, LDNS_SECTION_QUESTION, std::move(record));
}

void push_answer(ldns_pkt* packet, const Question& question, const Record& data) {
  auto record = new_record(question.owner, data.type);
  ::ldns_rr_set_ttl(record.get(), time_to_live);
  Owned<ldns_rdf> field(::ldns_rdf_new_frm_str(field_type(data.type), data.data.c_str()));
  if (!field) throw std::logic_error("no record can hold " + data.data);
  if (!::ldns_rr_push_rdf(record.get(), field.get())) throw std::bad_alloc();
  static_cast<void>(field.release());
  push(packet, LDNS_SECTION_ANSWER, std::move(record));
}

/// Of the root: names of nodes have no other zone.
Owned<ldns_rr> start_of_authority() {
  const std::string text = fmt::format(". {0} IN SOA lab. nobody.lab. 1 3600 600 86400 {0}", time_to_live);
  ldns_rr* record = nullptr;
  if (::ldns_rr_new_frm_str(&record, text.c_str(), time_to_live, nullptr, nullptr) != LDNS_STATUS_OK)
    throw std::logic_error("no record: " + text);
  return Owned<ldns_rr>(record);
}

bool is_negative(const Reply& reply) {
  return reply.records.empty() && !reply.truncated &&
         (reply.code == rcode::no_error || reply.code == rcode::no_such_name);
}

Bytes to_wire(const Query& query, const Reply& reply) {
  auto packet = own(::ldns_pkt_new());
  ::ldns_pkt_set_id(packet.get(), query.id);
  ::ldns_pkt_set_qr(packet.get(), true);
  ::ldns_pkt_set_opcode(packet.get(), static_cast<ldns_pkt_opcode>(query.opcode));
  ::ldns_pkt_set_rd(packet.get(), query.recursion_desired);
  ::ldns_pkt_set_cd(packet.get(), query.checking_disabled);
  ::ldns_pkt_set_ra(packet.get(), true);
  ::ldns_pkt_set_tc(packet.get(), reply.truncated);
  ::ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(reply.code & 0xf));
  if (query.edns) {
    ::ldns_pkt_set_edns_udp_size(packet.get(), largest_udp);
    ::ldns_pkt_set_edns_extended_rcode(packet.get(), static_cast<std::uint8_t>(reply.code >> 4));
  }
  if (query.question) {
    push_question(packet.get(), *query.question);
    for (const Record& record : reply.records) push_answer(packet.get(), *query.question, record);
    if (is_negative(reply)) push(packet.get(), LDNS_SECTION_AUTHORITY, start_of_authority());
  }
  std::uint8_t* made = nullptr;
  std::size_t size = 0;
  if (::ldns_pkt2wire(&made, packet.get(), &size) != LDNS_STATUS_OK) throw std::bad_alloc();
  const Owned<std::uint8_t> bytes(made);
  return {made, made + size};
}

}  // namespace

std::optional<Query> read_query(ByteView wire) {
  if (wire.size() < header_size || (wire[2] & answer_bit) != 0) return std::nullopt;
  Query query;
  query.id = static_cast<std::uint16_t>(wire[0] << 8 | wire[1]);
  query.opcode = (wire[2] >> 3) & 0xf;
  query.recursion_desired = (wire[2] & 1) != 0;
  query.checking_disabled = (wire[3] & 0x10) != 0;
  const auto packet = parse(wire);
  if (!packet) {
    query.refusal = query.opcode == LDNS_PACKET_QUERY ? rcode::format_error : rcode::not_implemented;
    return query;
  }
  query.edns = ::ldns_pkt_edns(packet.get());
  if (query.edns)
    query.udp_limit = std::clamp<std::size_t>(::ldns_pkt_edns_udp_size(packet.get()), plain_udp_limit, largest_udp);
  query.question = question_of(packet.get());
  query.refusal = refusal_of(query, packet.get());
  return query;
}

Bytes write_reply(const Query& query, const Reply& reply, std::size_t limit) {
  Bytes bytes = to_wire(query, reply);
  if (bytes.size() <= limit) return bytes;
  Reply cut{reply.code, true, {}};
  return to_wire(query, cut);
}

std::optional<SeenReply> read_reply(ByteView wire) {
  const auto packet = parse(wire);
  if (!packet || !::ldns_pkt_qr(packet.get())) return std::nullopt;
  auto question = question_of(packet.get());
  if (!question) return std::nullopt;
  SeenReply seen{::ldns_pkt_id(packet.get()), std::move(*question), {}};
  seen.reply.code = static_cast<unsigned>(::ldns_pkt_get_rcode(packet.get())) |
                    static_cast<unsigned>(::ldns_pkt_edns_extended_rcode(packet.get())) << 4;
  seen.reply.truncated = ::ldns_pkt_tc(packet.get());
  const ldns_rr_list* answers = ::ldns_pkt_answer(packet.get());
  for (std::size_t i = 0; i < ::ldns_rr_list_rr_count(answers); ++i) {
    const ldns_rr* record = ::ldns_rr_list_rr(answers, i);
    const bool one = ::ldns_rr_rd_count(record) == 1;
    seen.reply.records.push_back({static_cast<std::uint16_t>(::ldns_rr_get_type(record)),
                                  one ? text_of(::ldns_rr_rdf(record, 0)) : std::string()});
  }
  return seen;
}

}  // namespace withstand::lab::dns
