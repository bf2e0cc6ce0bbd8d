#include "link_replay.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "os/check.hpp"
#include "support/net_rig.hpp"
#include "support/pcapng_reader.hpp"

// A capture that is put through a link again meets the same decisions, byte for byte.
namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using Kind = core::Impairment::Kind;
using Distribution = core::DelaySettings::Distribution;
using LossModel = core::LossSettings::Model;
using support::CapturedPacket;
using test::Bytes;
using test::Impairments;
using test::packet;
using test::Replay;

constexpr core::Instant begin_of_time = 1000s;
constexpr CaptureSettings everything{.snap = 65536, .limit = 1U << 30};

struct Scratch {
  explicit Scratch(const char* name)
      : path((std::filesystem::temp_directory_path() / ("withstand-replay-" + std::to_string(::getpid()) + name))
                 .string()) {}
  ~Scratch() { std::filesystem::remove(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] os::Fd create() const {
    return os::Fd(os::check("create", ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)));
  }
  [[nodiscard]] std::string content() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string path;
};

/// A packet of a capture as its node had sent it.
Bytes frame_of(const CapturedPacket& packet) {
  Bytes frame(os::vnet_header_bytes);
  frame.insert(frame.end(), packet.bytes.begin(), packet.bytes.end());
  return frame;
}

/// What the fabric wrote of those packets of a capture that nodes sent on the first link, put through it again: the
/// capture of that, whole.
std::string put_through(const std::vector<CapturedPacket>& packets, const Impairments& impairments,
                        const Table& table = {}) {
  const Scratch file("-again");
  {
    Replay link(impairments, table, begin_of_time);
    Capture capture(file.create(), everything, {"n1", "n2"}, 0ns);
    link.forwarder().set_capture(&capture);
    for (const CapturedPacket& packet : packets) {
      if (packet.says("copy ")) continue;
      Bytes frame = frame_of(packet);
      link.forwarder().offer(0, frame, packet.time);
      link.received();  // or there is no room for the next
    }
    link.forwarder().set_capture(nullptr);
    capture.close();
    while (!capture.counts().done) std::this_thread::yield();
    EXPECT_EQ(capture.counts().overrun, 0u);
  }
  return file.content();
}

support::CapturedFile parse(const std::string& file) { return support::read_pcapng(std::as_bytes(std::span(file))); }

/// Eight connections to two services and a dialogue over UDP, one packet about every 200 µs.
std::vector<CapturedPacket> conversation(unsigned interleaving) {
  std::mt19937 sizes(5), order(interleaving);
  std::vector<std::vector<Bytes>> connections;
  for (std::uint16_t i = 0; i < 8; ++i) {
    auto& connection = connections.emplace_back();
    for (int k = 0; k < 150; ++k)
      connection.push_back(packet(static_cast<std::uint16_t>(40000 + i), i < 5 ? 80 : 443, 1 + sizes() % 1400,
                                  k == 0 ? PacketHeader::syn : PacketHeader::ack));
  }
  auto& udp = connections.emplace_back();
  for (int k = 0; k < 150; ++k) udp.push_back(packet(5000, 53, 20 + sizes() % 400));

  std::vector<std::size_t> turns;
  for (std::size_t i = 0; i < connections.size(); ++i) turns.resize(turns.size() + connections[i].size() - 1, i);
  std::shuffle(turns.begin(), turns.end(), order);
  // Opened one after the other: the ordinal of a connection is part of what its packets are drawn by.
  for (std::size_t i = connections.size(); i-- > 0;) turns.insert(turns.begin(), i);

  std::vector<CapturedPacket> packets;
  std::vector<std::size_t> next(connections.size());
  for (const std::size_t turn : turns) {
    const Bytes& frame = connections[turn][next[turn]++];
    CapturedPacket& packet = packets.emplace_back();
    packet.bytes.assign(frame.begin() + os::vnet_header_bytes, frame.end());
    packet.time = begin_of_time + 1ms + static_cast<std::int64_t>(packets.size()) * 200us;
  }
  return packets;
}

/// The conversation as a link without impairments captured it.
std::vector<CapturedPacket> captured(unsigned interleaving) {
  return parse(put_through(conversation(interleaving), {})).packets;
}

const Impairments without_memory{
    {Kind::loss, {.loss = {.random = {.ppb = 100'000'000}}}},
    {Kind::duplicate, {.choice = {.ppb = 100'000'000}, .copies = 2}},
    {Kind::corrupt, {.choice = {.ppb = 150'000'000}, .corrupt = {.bits = 3}}},
    {Kind::latency, {.delay = {.delay = 10ms, .jitter = 3ms, .distribution = Distribution::normal, .reorders = true}}},
    {Kind::reorder, {.choice = {.ppb = 200'000'000}, .reorder = {.hold = 5ms, .gap = 2}}}};

struct Case {
  const char* name;
  Impairments impairments;
  Table table{};
};

Table table_of(std::vector<std::int64_t> values) {
  return std::make_shared<const std::vector<std::int64_t>>(std::move(values));
}

std::vector<Case> cases() {
  return {
      {"WithoutMemory", without_memory},
      {"GilbertElliott",
       {{Kind::loss, {.loss = {.model = LossModel::gilbert_elliott, .p = 50'000'000, .r = 300'000'000}}}}},
      {"Markov",
       {{Kind::loss,
         {.loss = {.model = LossModel::markov,
                   .p13 = 50'000'000,
                   .p31 = 200'000'000,
                   .p32 = 100'000'000,
                   .p23 = 300'000'000,
                   .p14 = 20'000'000}}}}},
      {"EveryNth", {{Kind::loss, {.loss = {.model = LossModel::nth, .nth = 7}}}}},
      {"CorrelatedChoices",
       {{Kind::loss, {.loss = {.random = {.ppb = 200'000'000, .correlation_ppb = 600'000'000}}}},
        {Kind::duplicate, {.choice = {.ppb = 200'000'000, .correlation_ppb = 300'000'000}}}}},
      {"CorrelatedDelays",
       {{Kind::latency, {.delay = {.delay = 20ms, .jitter = 5ms, .correlation_ppb = 700'000'000}}}}},
      {"ParetoDelaysThatOvertake",
       {{Kind::latency,
         {.delay = {.delay = 20ms, .jitter = 5ms, .distribution = Distribution::pareto, .reorders = true}}}}},
      {"RecordedDelays",
       {{Kind::latency, {.delay = {.distribution = Distribution::recorded}}}},
       table_of({1'000'000, 7'000'000, 2'500'000})},
      {"Rate", {{Kind::rate, {.rate = {.bits_per_second = 20'000'000, .burst = 3000, .queue = 20'000}}}}},
      {"RateThatRampsBehindLoss",
       {{Kind::loss, {.loss = {.random = {.ppb = 100'000'000}}}},
        {Kind::rate, {.rate = {.bits_per_second = 50'000'000, .ramp = 100ms, .ramp_from = 1'000'000}}}}},
      {"Slots", {{Kind::rate, {.rate = {.slot_min = 1ms, .slot_max = 4ms, .slot_packets = 6}}}}},
      {"Trace", {{Kind::rate, {.rate = {.trace = true}}}}, table_of({400'000, 800'000, 1'500'000, 1'600'000})},
      {"Flapping", {{Kind::partition, {.flap = {.up_min = 5ms, .up_max = 20ms, .down_min = 1ms, .down_max = 9ms}}}}},
  };
}

class LinkReplay : public ::testing::TestWithParam<Case> {};

TEST_P(LinkReplay, OfACaptureDecidesTheSameByteForByte) {
  const auto packets = captured(1);
  ASSERT_EQ(packets.size(), 9u * 150);
  const auto first = put_through(packets, GetParam().impairments, GetParam().table),
             second = put_through(packets, GetParam().impairments, GetParam().table);
  EXPECT_TRUE(first == second);
  const auto decided = parse(first);
  const auto silent = std::count_if(decided.packets.begin(), decided.packets.end(),
                                    [](const auto& each) { return each.comments.empty(); });
  EXPECT_GE(decided.packets.size(), packets.size());
  EXPECT_LT(static_cast<std::size_t>(silent), decided.packets.size()) << "something was decided";
  // What was decided stands in the capture of it, too, and decides nothing.
  EXPECT_TRUE(put_through(decided.packets, GetParam().impairments, GetParam().table) == first);
}

INSTANTIATE_TEST_SUITE_P(Every, LinkReplay, ::testing::ValuesIn(cases()),
                         [](const auto& each) { return std::string(each.param.name); });

/// What stages decided on each connection's packets, in order; without what keeps the order of the link, which knows no
/// connections.
std::map<std::string, std::vector<std::string>> by_connection(const std::string& file) {
  std::map<std::string, std::vector<std::string>> decided;
  for (const CapturedPacket& packet : parse(file).packets) {
    const std::string ports(reinterpret_cast<const char*>(packet.bytes.data()) + 20, 4);
    std::string all;
    for (const std::string& comment : packet.comments)
      if (!comment.starts_with("waits ")) all += comment + "\n";
    decided[ports].push_back(std::to_string(packet.length) + "\n" + all);
  }
  return decided;
}

TEST(LinkReplayInterleaved, ModelsWithoutMemoryDecideByConnectionAlone) {
  const auto expected = by_connection(put_through(captured(1), without_memory));
  ASSERT_EQ(expected.size(), 9u);
  for (unsigned interleaving = 2; interleaving < 8; ++interleaving)
    EXPECT_TRUE(by_connection(put_through(captured(interleaving), without_memory)) == expected) << interleaving;
}

TEST(LinkReplayInterleaved, ModelsWithMemoryDecideBySequence) {
  const Impairments bursts{
      {Kind::loss, {.loss = {.model = LossModel::gilbert_elliott, .p = 50'000'000, .r = 300'000'000}}}};
  const auto one = parse(put_through(captured(1), bursts)), other = parse(put_through(captured(2), bursts));
  ASSERT_EQ(one.packets.size(), other.packets.size());
  for (std::size_t i = 0; i < one.packets.size(); ++i) ASSERT_EQ(one.packets[i].comments, other.packets[i].comments);
}

/// Sends so many datagrams from sockets of n1 to n2, and waits for what must come of each: a socket that hears, or the
/// fabric that counts.
void talk(support::NetRig& rig, std::uint64_t handle, std::size_t packets) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(7200);
  ::inet_pton(AF_INET, rig.topology().at(1).address.c_str(), &to.sin_addr);
  std::vector<os::Fd> senders;
  for (int i = 0; i < 4; ++i) senders.push_back(rig.socket(0, AF_INET, SOCK_DGRAM));
  const os::Fd hears = rig.socket(1, AF_INET, SOCK_DGRAM);
  os::check("bind", ::bind(hears.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
  std::mt19937 random(9);
  std::vector<char> content(1200);
  for (std::size_t i = 0; i < packets; ++i) {
    const std::size_t size = 1 + random() % content.size();
    os::check("send", ::sendto(senders[random() % 4].get(), content.data(), size, 0,
                               reinterpret_cast<const sockaddr*>(&to), sizeof to));
  }
  const core::Instant deadline = core::now() + 10s;
  while (rig.fabric().effect(handle).at(0).sent < packets && core::now() < deadline) rig.loop().run_for(1ms);
}

TEST(LinkReplayLive, WhatTheFabricDecidedIsDecidedAgain) {
  if (!support::NetRig::unavailable().empty()) GTEST_SKIP() << support::NetRig::unavailable();
  const Impairments impairments{
      {Kind::loss, {.loss = {.random = {.ppb = 100'000'000}}}},
      {Kind::loss, {.loss = {.model = LossModel::gilbert_elliott, .p = 50'000'000, .r = 300'000'000}}},
      {Kind::duplicate, {.choice = {.ppb = 100'000'000, .correlation_ppb = 300'000'000}}},
      {Kind::corrupt, {.choice = {.ppb = 150'000'000}, .corrupt = {.bits = 2}}},
      {Kind::latency, {.delay = {.delay = 3ms, .jitter = 1ms, .reorders = true}}}};
  const Scratch file("-live");
  std::vector<core::Links::Handle> handles;
  std::vector<core::LinkEffect> effects;
  {
    support::NetRig rig(2, CaptureFile{file.create(), everything});
    for (const auto& [kind, settings] : impairments)
      handles.push_back(
          rig.fabric().add({.kind = kind, .fault = "a fault", .seed = 42, .settings = settings}, {{0, 1}}));
    talk(rig, handles.front(), 600);
    for (const auto handle : handles) effects.push_back(rig.fabric().effect(handle).at(0));
    const auto counts = rig.fabric().end_capture();
    ASSERT_TRUE(counts && counts->done);
    EXPECT_EQ(counts->overrun + counts->beyond, 0u);
  }
  auto live = support::read_pcapng(file.path);
  std::erase_if(live.packets, [](const auto& packet) { return packet.link != "n1>n2"; });
  EXPECT_EQ(live.that_say("dropped by loss"), effects[0].refused + effects[1].refused);
  EXPECT_GT(effects[0].refused, 0u);
  EXPECT_GT(effects[1].refused, 0u);
  const auto again = parse(put_through(live.packets, impairments));
  ASSERT_EQ(again.packets.size(), live.packets.size());
  for (std::size_t i = 0; i < again.packets.size(); ++i) {
    EXPECT_EQ(again.packets[i].comments, live.packets[i].comments) << i;
    EXPECT_EQ(again.packets[i].bytes, live.packets[i].bytes) << i;
  }
  // The wall clock of this machine, as this process reads it.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(now - live.packets.front().time, 60s);
  EXPECT_GE(now, live.packets.back().time - 1ms);
}

}  // namespace
}  // namespace withstand::lab::link
