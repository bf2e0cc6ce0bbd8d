#include "lab/dns/answers.hpp"

namespace withstand::lab::dns {

using core::NameAnswer;

bool is_silent(const core::NameFault* fault, bool over_tcp) {
  if (fault == nullptr) return false;
  return fault->answer == NameAnswer::timeout || (fault->answer == NameAnswer::truncated && over_tcp);
}

Reply asked_reply(const core::NameFault* fault, const Question& question, const Zone& zone) {
  if (fault == nullptr) return zone.answer(question);
  switch (fault->answer) {
    case NameAnswer::truncated:
      return {rcode::no_error, true, {}};
    case NameAnswer::refused:
      return {rcode::refused, false, {}};
    case NameAnswer::servfail:
      return {rcode::server_failure, false, {}};
    case NameAnswer::nxdomain:
      return {rcode::no_such_name, false, {}};
    case NameAnswer::stale:
      return zone.stale(question);
    case NameAnswer::wrong:
      return zone.with_addresses(question, fault->address, fault->address6);
    case NameAnswer::empty:
      return {};
    case NameAnswer::timeout:
    case NameAnswer::slow:
      break;
  }
  return zone.answer(question);
}

}  // namespace withstand::lab::dns
