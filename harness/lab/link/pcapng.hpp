#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Blocks of a capture file that Wireshark and tshark read: PCAP Next Generation (draft-ietf-opsawg-pcapng), one
/// section, in the byte order of this machine. Each call appends one whole block. Pure.
namespace withstand::lab::link::pcapng {

using Buffer = std::vector<std::byte>;

/// The beginning of a file; `application` and `comment` are shown among the file's properties.
void append_section(Buffer& out, std::string_view application, std::string_view comment);

/// Packets of IP without a header below it (LINKTYPE_RAW), in nanoseconds. Interfaces are numbered from 0 as they come.
/// `snap`: bytes of a packet that are kept, at most; 1 or more.
void append_interface(Buffer& out, std::string_view name, std::string_view description, std::uint32_t snap);

/// `bytes` are the first of `length`; `time` counts from 1970 in UTC. Comments longer than 65535 bytes are cut.
void append_packet(Buffer& out, std::uint32_t interface, std::chrono::nanoseconds time, std::uint32_t length,
                   std::span<const std::byte> bytes, std::span<const std::string> comments);

}  // namespace withstand::lab::link::pcapng
