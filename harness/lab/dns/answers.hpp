#pragma once

#include "core/names.hpp"
#include "lab/dns/message.hpp"
#include "lab/dns/zone.hpp"

/// What each core::NameAnswer means, in DNS.
namespace withstand::lab::dns {

/// Whether the fault that decides on a query wants it to get no answer at all.
bool is_silent(const core::NameFault* fault, bool over_tcp);

/// Else the answer it wants; the right one without a fault.
Reply asked_reply(const core::NameFault* fault, const Question& question, const Zone& zone);

}  // namespace withstand::lab::dns
