#include <numeric>

#include <gtest/gtest.h>

#include "lab/link/checksum.hpp"
#include "lab/link/stream/segment.hpp"

/// Segments that are cut and made, read back by the packet reader and by checksums of their own.
namespace withstand::lab::link::stream {
namespace {

constexpr std::size_t head = os::vnet_header_bytes;

Route route(bool ipv6) {
  Route made{.ipv6 = ipv6, .addresses = {}, .source_port = 40000, .destination_port = 7000};
  for (std::size_t i = 0; i < 32; ++i) made.addresses[i] = static_cast<std::byte>(i + 1);
  return made;
}

/// The sum over the pseudo-header and the whole segment: all ones when the checksum is right (RFC 1071).
std::uint16_t sum_of(FrameView frame, bool ipv6) {
  const std::byte* ip = frame.data() + head;
  const std::size_t transport = ipv6 ? 40 : 20, length = frame.size() - head - transport;
  return link::fold(sum_words({ip + transport, length}) + pseudo_header(ip, ipv6, 6, length));
}

std::vector<std::byte> with_payload(bool ipv6, std::size_t bytes, std::uint8_t flags, std::uint16_t gso = 0) {
  std::vector<std::byte> frame(frame_capacity);
  const std::size_t size = forge(route(ipv6), 1000, 500, flags, frame);
  for (std::size_t i = 0; i < bytes; ++i) frame[size + i] = static_cast<std::byte>(i * 7);
  frame.resize(size + bytes);
  std::byte* ip = frame.data() + head;
  if (ipv6) {
    store16(ip + 4, frame.size() - head - 40);
  } else {
    store16(ip + 2, frame.size() - head);
    store_ipv4_checksum(ip, 20);
  }
  if (gso > 0)
    store(frame.data(), os::VnetHeader{.flags = os::VnetHeader::needs_checksum,
                                       .gso_type = ipv6 ? os::VnetHeader::gso_tcp6 : os::VnetHeader::gso_tcp4,
                                       .header_length = 0,
                                       .gso_size = gso,
                                       .checksum_start = static_cast<std::uint16_t>(ipv6 ? 40 : 20),
                                       .checksum_offset = 16});
  return frame;
}

class SegmentTest : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Families, SegmentTest, ::testing::Bool());

TEST_P(SegmentTest, WhatIsForgedSaysWhatWasAskedAndItsChecksumsHold) {
  std::array<std::byte, 128> room{};
  const std::size_t size = forge(route(GetParam()), 0xfffffff0, 77, Segment::rst | Segment::ack, room);
  const auto frame = Frame(room).first(size);
  const auto segment = segment_of(frame);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->sequence, 0xfffffff0u);
  EXPECT_EQ(segment->acknowledgement, 77u);
  EXPECT_EQ(segment->flags, Segment::rst | Segment::ack);
  EXPECT_EQ(segment->length, 0u);
  EXPECT_EQ(sum_of(frame, GetParam()), 0xffff);
  const auto bytes = static_cast<std::ptrdiff_t>(GetParam() ? 32 : 8);
  const Route there = route(GetParam()), back = there.back();
  const Route read = route_of(frame, *segment);
  EXPECT_TRUE(std::equal(read.addresses.begin(), read.addresses.begin() + bytes, there.addresses.begin()));
  EXPECT_NE(back.addresses, there.addresses);
  EXPECT_EQ(back.back().addresses, there.addresses);
  EXPECT_EQ(back.source_port, 7000);
  if (!GetParam()) {
    EXPECT_EQ(link::fold(sum_words(FrameView(frame).subspan(head, 20))), 0xffff);
  }
}

TEST_P(SegmentTest, PartsPutTogetherAreTheWhole) {
  const auto whole = with_payload(GetParam(), 5000, Segment::ack | Segment::psh | Segment::fin, 1400);
  const auto segment = segment_of(whole);
  ASSERT_TRUE(segment);
  std::vector<std::byte> out(frame_capacity), payload;
  for (std::uint32_t first = 0; first < 5000; first += 1250) {
    const std::size_t size = cut(whole, *segment, first, 1250, out);
    complete_checksum(Frame(out).first(size));
    EXPECT_EQ(sum_of(FrameView(out).first(size), GetParam()), 0xffff);
    const auto part = segment_of(FrameView(out).first(size));
    ASSERT_TRUE(part);
    EXPECT_EQ(part->sequence, 1000 + first);
    EXPECT_EQ(part->length, 1250u);
    EXPECT_EQ(part->is(Segment::fin), first == 3750);
    EXPECT_EQ(part->is(Segment::psh), first == 3750);
    const auto from = out.begin() + static_cast<std::ptrdiff_t>(head + part->header.payload);
    payload.insert(payload.end(), from, from + 1250);
  }
  const auto original = whole.begin() + static_cast<std::ptrdiff_t>(head + segment->header.payload);
  EXPECT_TRUE(std::equal(payload.begin(), payload.end(), original));
}

TEST_P(SegmentTest, ALargePartStaysASuperPacketAndASmallOneIsNone) {
  const auto whole = with_payload(GetParam(), 5000, Segment::ack, 1400);
  const auto segment = segment_of(whole);
  std::vector<std::byte> out(frame_capacity);
  const std::size_t large = cut(whole, *segment, 100, 3000, out);
  const auto super = super_packet(FrameView(out).first(large));
  ASSERT_TRUE(super);
  EXPECT_EQ(super->packets(), 3u);
  const std::size_t small = cut(whole, *segment, 100, 1400, out);
  EXPECT_FALSE(super_packet(FrameView(out).first(small)));
  EXPECT_EQ(wire_packets(FrameView(out).first(small)), 1u);
}

TEST_P(SegmentTest, TheEndIsTakenFromTheDataAndStandsAlone) {
  const auto whole = with_payload(GetParam(), 300, Segment::ack | Segment::fin);
  const auto segment = segment_of(whole);
  std::vector<std::byte> out(frame_capacity);
  const auto data = segment_of(FrameView(out).first(without_fin(whole, *segment, out)));
  ASSERT_TRUE(data);
  EXPECT_EQ(data->length, 300u);
  EXPECT_FALSE(data->is(Segment::fin));
  const auto end = segment_of(FrameView(out).first(only_fin(whole, *segment, out)));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->sequence, 1300u);
  EXPECT_EQ(end->length, 0u);
  EXPECT_TRUE(end->is(Segment::fin));
}

TEST_P(SegmentTest, BytesAreOverwrittenAndTheChecksumStaysRight) {
  for (const std::uint32_t first : {0u, 1u, 2u, 7u}) {
    const auto whole = with_payload(GetParam(), 20, Segment::ack, 1400);
    std::vector<std::byte> frame(frame_capacity);
    frame.resize(cut(whole, *segment_of(whole), 0, 11, frame));
    complete_checksum(frame);
    const auto segment = segment_of(frame);
    ASSERT_TRUE(segment);
    const std::array<std::uint8_t, 3> bytes{0xff, 0x00, 0x35};
    overwrite(frame, *segment, first, bytes);
    EXPECT_EQ(sum_of(frame, GetParam()), 0xffff) << first;
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(frame[head + segment->header.payload + first + i], std::byte{bytes[i]}) << first;
  }
  auto open = with_payload(GetParam(), 11, Segment::ack, 1400);
  const auto segment = segment_of(open);
  const auto headers = static_cast<std::ptrdiff_t>(head + segment->header.payload);
  const std::vector<std::byte> before(open.begin(), open.begin() + headers);
  const std::array<std::uint8_t, 1> one{0x35};
  overwrite(open, *segment, 10, one);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), open.begin())) << "left to the receiver's kernel";
}

TEST(Segment, NumbersGoRoundZero) {
  EXPECT_EQ(distance(0xfffffff0, 0x10), 0x20);
  EXPECT_EQ(distance(0x10, 0xfffffff0), -0x20);
}

TEST(Segment, WhatIsCutShortIsNone) {
  const auto whole = with_payload(false, 10, Segment::ack);
  for (std::size_t size = 0; size < head + 40; ++size) EXPECT_FALSE(segment_of(FrameView(whole).first(size))) << size;
}

}  // namespace
}  // namespace withstand::lab::link::stream
