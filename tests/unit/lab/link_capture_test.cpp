#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/link/capture.hpp"
#include "lab/link/stage.hpp"
#include "lab/packet_capture.hpp"
#include "link_replay.hpp"
#include "os/check.hpp"
#include "support/pcapng_reader.hpp"

// The file is read back by a reader of its own, which shares no code with the writer.
namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using Kind = core::Impairment::Kind;
using What = Ruling::What;
using test::Bytes;
using test::packet;
using test::recording;
using test::Replay;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::nanoseconds since_1970 = 1'700'000'000s;

class LinkCapture : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("withstand-capture-" + std::to_string(::getpid()) + ".pcapng");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void start(const CaptureSettings& settings = {.snap = 512, .limit = 1U << 30}) {
    start(os::Fd(os::check("create", ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600))), settings);
  }
  void start(os::Fd file, const CaptureSettings& settings) {
    capture_ =
        std::make_unique<Capture>(std::move(file), settings, std::vector<std::string>{"n1", "redis-2"}, since_1970);
  }
  /// What it has come to at its end.
  CaptureCounts finish() {
    capture_->close();
    while (!capture_->counts().done) std::this_thread::yield();
    return capture_->counts();
  }
  [[nodiscard]] support::CapturedFile read() const { return support::read_pcapng(path_.string()); }

  std::filesystem::path path_;
  std::unique_ptr<Capture> capture_;
};

const StageSettings& settings_of(Kind kind, const core::LinkSettings& settings = {}) {
  static std::vector<std::unique_ptr<StageSettings>> kept;
  kept.push_back(std::make_unique<StageSettings>(
      StageSettings{.kind = kind, .handle = 1, .settings = settings, .fault = "a fault"}));
  return *kept.back();
}

std::string words(const Ruling& ruling) { return comments_on({}, std::span(&ruling, 1)).at(0); }

TEST(LinkCaptureWords, SayWhatWasDecidedAndWhoDid) {
  const auto& mtu = settings_of(Kind::mtu, {.mtu = 1280});
  const auto& ttl = settings_of(Kind::ttl, {.hops = 70});
  const auto& twice = settings_of(Kind::duplicate, {.copies = 2});
  const auto& rate = settings_of(Kind::rate);
  EXPECT_EQ(words({.by = &settings_of(Kind::partition)}), "dropped by partition 'a fault'");
  EXPECT_EQ(words({.by = &settings_of(Kind::loss)}), "dropped by loss 'a fault'");
  EXPECT_EQ(words({.by = &mtu, .amount = 1500}), "dropped by mtu 'a fault': it has 1500 bytes, and 1280 pass");
  EXPECT_EQ(words({.by = &ttl, .amount = 64}),
            "dropped by ttl 'a fault': its time to live was 64, and 70 routers are on the way");
  EXPECT_EQ(words({.by = &rate}), "dropped by rate 'a fault': its queue is full");
  EXPECT_EQ(words({.by = &ttl, .what = What::hops, .amount = 70}), "ttl 'a fault': 70 taken from its time to live");
  EXPECT_EQ(words({.by = &settings_of(Kind::loss), .what = What::marked}), "loss 'a fault': congestion marked");
  EXPECT_EQ(words({.by = &twice, .what = What::copied, .amount = 2}), "duplicate 'a fault': 2 copies made");
  EXPECT_EQ(words({.by = &twice, .what = What::copy, .amount = 1}), "copy 1 of 2, made by duplicate 'a fault'");
  EXPECT_EQ(words({.by = &rate, .what = What::waits, .amount = 12'345'678}),
            "rate 'a fault': leaves after 12.345678ms");
  EXPECT_EQ(words({.by = &settings_of(Kind::latency), .what = What::delayed, .amount = 103'200'000}),
            "latency 'a fault': delayed 103.2ms");
  EXPECT_EQ(words({.by = &settings_of(Kind::reorder), .what = What::held, .amount = 20'000'000}),
            "reorder 'a fault': held back 20ms");
  EXPECT_EQ(words({.what = What::in_order, .amount = 500}), "waits 0.0005ms more, behind the packet before it");
  EXPECT_EQ(words({.what = What::no_room}), "dropped: the link's queue is full");
  EXPECT_EQ(words({.what = What::not_taken}), "dropped: the receiver's interface took it not");
}

TEST(LinkCaptureWords, SayWhatStreamsDidBeforeThePacketCameToItsLink) {
  const Author stream{.fault = "a fault"};
  EXPECT_EQ(words({.author = &stream, .what = What::swallowed}),
            "dropped by stream 'a fault': nothing of this direction passes");
  EXPECT_EQ(words({.author = &stream, .what = What::refused}),
            "dropped by stream 'a fault': the connection is not to be");
  EXPECT_EQ(words({.author = &stream, .what = What::cut, .amount = 7}),
            "dropped by stream 'a fault' behind the first 7 bytes of its payload, which go on");
  EXPECT_EQ(words({.author = &stream, .what = What::muted}), "stream 'a fault': sent on without its payload");
  EXPECT_EQ(words({.author = &stream, .what = What::paced}), "stream 'a fault': a piece, or held back for its turn");
  EXPECT_EQ(words({.author = &stream, .what = What::made}), "made by stream 'a fault'");
  EXPECT_EQ(words({.author = &stream, .what = What::unanswered}),
            "dropped by stream 'a fault': the connection has been aborted, answered by a reset");
}

TEST(LinkCaptureWords, TellConnectionsFromWhatIsSaidOnThem) {
  const Author http{.kind = "http", .fault = "a fault"};
  EXPECT_EQ(words({.author = &http, .what = What::rewritten}), "http 'a fault': says something else");
  EXPECT_EQ(words({.author = &http, .what = What::swallowed}),
            "dropped by http 'a fault': nothing of this direction passes");
  EXPECT_EQ(words({.what = What::early}), "dropped: it came before its predecessors, and HTTP is read in order");
}

TEST(LinkCaptureWords, OneCommentTellsOfAllBitsThatOneStageFlipped) {
  const auto &one = settings_of(Kind::corrupt), &other = settings_of(Kind::corrupt, {.corrupt = {.repaired = true}});
  const std::vector<Ruling> rulings{{.by = &one, .what = What::flipped, .amount = 40 * 8 + 3},
                                    {.by = &one, .what = What::flipped, .amount = 7},
                                    {.by = &other, .what = What::flipped, .amount = 160}};
  EXPECT_THAT(comments_on({}, rulings),
              ElementsAre("corrupt 'a fault': flipped bit 3 of byte 40, bit 7 of byte 0",
                          "corrupt 'a fault': flipped bit 0 of byte 20; checksums made right again"));
}

TEST(LinkCaptureWords, TellWhichPartOfASuperPacketItIs) {
  EXPECT_THAT(comments_on({}, {}), ElementsAre());
  EXPECT_THAT(comments_on({.first = 0, .count = 12, .of = 12}, {}), ElementsAre("12 packets sent as one"));
  EXPECT_THAT(comments_on({.first = 3, .count = 1, .of = 12}, {}), ElementsAre("packet 4 of 12 sent as one"));
  EXPECT_THAT(comments_on({.first = 3, .count = 4, .of = 12}, {}), ElementsAre("packets 4 to 7 of 12 sent as one"));
}

TEST_F(LinkCapture, HoldsEachPacketWithItsLinkTimeAndComments) {
  start({.snap = 100, .limit = 1U << 30});
  const Bytes small = packet(1, 2, 3), large = packet(4, 5, 900);
  const auto& cut = settings_of(Kind::partition);
  { const CaptureEntry entry(capture_.get(), {0, 1}, 5s + 1ns, small, {}); }
  {
    const CaptureEntry entry(capture_.get(), {1, 0}, 6s, large, {});
    capture_->add({.by = &cut});
    capture_->add({.what = What::no_room});
  }
  capture_->add({.what = What::no_room});  // belongs to nobody
  { const CaptureEntry entry(capture_.get(), {0, 1}, 6s, large, {}); }
  const auto counts = finish();
  EXPECT_EQ(counts.packets, 3u);
  EXPECT_EQ(counts.links, 2u);
  EXPECT_EQ(counts.bytes, std::filesystem::file_size(path_));
  EXPECT_EQ(counts.overrun + counts.beyond, 0u);
  const auto file = read();
  EXPECT_EQ(file.application, "Withstand");
  EXPECT_THAT(file.links, ElementsAre("n1>redis-2", "redis-2>n1"));
  ASSERT_EQ(file.packets.size(), 3u);
  EXPECT_EQ(file.packets[0].link, "n1>redis-2");
  EXPECT_EQ(file.packets[0].time, since_1970 + 5s + 1ns);
  EXPECT_EQ(file.packets[0].length, 31u);
  EXPECT_EQ(file.packets[0].bytes, Bytes(small.begin() + os::vnet_header_bytes, small.end()));
  EXPECT_THAT(file.packets[0].comments, ElementsAre());
  EXPECT_EQ(file.packets[1].link, "redis-2>n1");
  EXPECT_EQ(file.packets[1].length, 928u);
  EXPECT_EQ(file.packets[1].bytes.size(), 100u);
  EXPECT_THAT(file.packets[1].comments,
              ElementsAre("dropped by partition 'a fault'", "dropped: the link's queue is full"));
  EXPECT_THAT(file.packets[2].comments, ElementsAre());
}

TEST_F(LinkCapture, EndsAtItsLimitWithAWholeBlock) {
  start({.snap = 512, .limit = 64 << 10});
  const Bytes frame = packet(1, 2, 900);
  for (int i = 0; i < 1000; ++i) const CaptureEntry entry(capture_.get(), {0, 1}, 1s, frame, {});
  const auto counts = finish();
  EXPECT_TRUE(counts.full);
  EXPECT_EQ(counts.packets + counts.beyond, 1000u);
  EXPECT_LE(std::filesystem::file_size(path_), 64u << 10);
  EXPECT_GT(std::filesystem::file_size(path_), (64u << 10) - 600);
  EXPECT_EQ(read().packets.size(), counts.packets);
  const auto told = describe_capture(counts, {.snap = {512}, .limit = {64 << 10}});
  EXPECT_EQ(told.missing, counts.beyond);
  EXPECT_EQ(told.why, "it ends at its limit of 64KiB, " + std::to_string(counts.beyond) + " packets are left out");
}

TEST_F(LinkCapture, AFullDiskEndsItAndIsTold) {
  start(os::Fd(os::check("open", ::open("/dev/full", O_WRONLY | O_CLOEXEC))), {.snap = 512, .limit = 1U << 30});
  const Bytes frame = packet(1, 2, 900);
  for (int i = 0; i < 1000; ++i) const CaptureEntry entry(capture_.get(), {0, 1}, 1s, frame, {});
  const auto counts = finish();
  EXPECT_EQ(counts.error, ENOSPC);
  EXPECT_EQ(counts.packets, 0u);
  EXPECT_EQ(counts.beyond, 1000u);
  EXPECT_EQ(describe_capture(counts, {}).why,
            "it ends early, 1000 packets are left out: write capture.pcapng: No space left on device");
}

/// A disk that takes nothing for a while: a pipe that nobody reads. Who waited for it would wait for ever.
TEST_F(LinkCapture, ASlowDiskCostsPacketsOfTheCaptureAndTimeOfNobody) {
  os::Pipe pipe = os::make_pipe();
  start(std::move(pipe.write), {.snap = 65536, .limit = 1U << 30});
  const Bytes frame = packet(1, 2, 60'000);
  constexpr std::uint64_t packets = 400;  // 24 MB, of which 8 MiB wait
  for (std::uint64_t i = 0; i < packets; ++i) const CaptureEntry entry(capture_.get(), {0, 1}, 1s, frame, {});
  const std::uint64_t overrun = capture_->counts().overrun;
  EXPECT_GT(overrun, packets / 2);
  capture_->close();
  Bytes content;
  std::thread reader([&] {
    for (std::byte part[65536];;) {
      const auto got = ::read(pipe.read.get(), part, sizeof part);
      if (got <= 0) return;
      content.insert(content.end(), part, part + got);
    }
  });
  const auto counts = finish();
  capture_.reset();
  reader.join();
  EXPECT_EQ(counts.packets + counts.overrun, packets);
  EXPECT_EQ(support::read_pcapng(content).packets.size(), counts.packets);
  EXPECT_EQ(describe_capture(counts, {}).why,
            std::to_string(overrun) + " packets are left out that came faster than they could be written");
}

TEST_F(LinkCapture, TheReaderOfTheseTestsRefusesDamage) {
  start();
  { const CaptureEntry entry(capture_.get(), {0, 1}, 1s, packet(1, 2, 3), {.first = 0, .count = 2, .of = 2}); }
  finish();
  capture_.reset();
  std::ifstream in(path_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const auto parse = [](const std::string& text) {
    return support::read_pcapng(std::as_bytes(std::span(text))).packets.size();
  };
  EXPECT_EQ(parse(whole), 1u);
  EXPECT_ANY_THROW(parse(""));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    // What ends between two blocks is whole again.
    try {
      EXPECT_EQ(parse(whole.substr(0, size)), 0u);
    } catch (const std::runtime_error&) {
      continue;
    }
  }
  std::string padded = whole;
  padded[padded.size() - 9] = 'x';  // of the comment, behind which are the options' end and the block's length
  EXPECT_ANY_THROW(parse(padded));
}

/// What a link did, as its capture has it and as its egress counted it.
class CapturedLink : public LinkCapture {
 protected:
  void offer(const std::vector<Bytes>& frames, const test::Impairments& impairments) {
    start({.snap = 65536, .limit = 1U << 30});
    link_ = std::make_unique<Replay>(impairments);
    link_->forwarder().set_capture(capture_.get());
    out_ = link_->run(frames);
    counts_ = finish();
    file_ = read();
  }

  std::unique_ptr<Replay> link_;
  std::vector<Bytes> out_;
  CaptureCounts counts_;
  support::CapturedFile file_;
};

TEST_F(CapturedLink, WithoutImpairmentsHasEveryPacketAndNoComment) {
  const auto frames = recording(200);
  offer(frames, {});
  ASSERT_EQ(file_.packets.size(), frames.size());
  EXPECT_EQ(out_, frames);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(file_.packets[i].bytes, Bytes(frames[i].begin() + os::vnet_header_bytes, frames[i].end()));
    EXPECT_THAT(file_.packets[i].comments, ElementsAre());
    EXPECT_EQ(file_.packets[i].link, "n1>redis-2");
  }
}

TEST_F(CapturedLink, SaysOfEachPacketWhatTheEvidenceCounts) {
  const auto frames = recording(3000);
  offer(frames, {{Kind::loss, {.loss = {.random = {.ppb = 100'000'000}}}},
                 {Kind::duplicate, {.choice = {.ppb = 200'000'000}, .copies = 2}},
                 {Kind::corrupt, {.choice = {.ppb = 200'000'000}}}});
  const auto loss = link_->effect(1), copies = link_->effect(2), damage = link_->effect(3);
  EXPECT_GT(loss.refused, 100u);
  EXPECT_EQ(file_.that_say("dropped by loss 'a fault'"), loss.refused);
  EXPECT_EQ(file_.that_say("copy "), copies.changed_delivered);
  EXPECT_EQ(2 * file_.that_say("duplicate 'a fault': 2 copies made"), copies.changed_delivered);
  EXPECT_EQ(file_.that_say("corrupt 'a fault': flipped bit"), damage.changed_delivered);
  EXPECT_EQ(file_.packets.size(), frames.size() + copies.changed_delivered);
}

/// The packet in the file is as it was sent; with the bits of its comment flipped it is what came out.
TEST_F(CapturedLink, NamesTheBitsThatWereFlipped) {
  offer(recording(100), {{Kind::corrupt, {.choice = {.ppb = 1'000'000'000}, .corrupt = {.bits = 3}}}});
  ASSERT_EQ(file_.packets.size(), out_.size());
  for (std::size_t i = 0; i < out_.size(); ++i) {
    Bytes bytes = file_.packets[i].bytes;
    const Bytes came(out_[i].begin() + os::vnet_header_bytes, out_[i].end());
    EXPECT_NE(bytes, came);
    int flipped = 0;
    const std::string& comment = file_.packets[i].comments.at(0);
    for (std::size_t at = comment.find("bit "); at != std::string::npos; at = comment.find("bit ", at + 1)) {
      unsigned bit = 0, byte = 0;
      ASSERT_EQ(std::sscanf(comment.c_str() + at, "bit %u of byte %u", &bit, &byte), 2) << comment;
      bytes.at(byte) ^= static_cast<std::byte>(1U << bit);
      ++flipped;
    }
    EXPECT_EQ(flipped, 3);
    EXPECT_EQ(bytes, came) << comment;
  }
}

TEST_F(CapturedLink, TellsDelaysHoldsAndWhatNeverCameOut) {
  offer(recording(3), {{Kind::latency, {.delay = {.delay = 1h}}},
                       {Kind::reorder, {.choice = {.ppb = 1'000'000'000}, .reorder = {.hold = 20ms}}}});
  for (const auto& packet : file_.packets)
    EXPECT_THAT(packet.comments,
                ElementsAre("latency 'a fault': delayed 3600000ms", "reorder 'a fault': held back 20ms"));
  EXPECT_EQ(file_.packets.size(), 3u);
  EXPECT_TRUE(out_.empty());
}

TEST_F(CapturedLink, TellsAFullQueueFromAPartition) {
  offer(recording(50), {{Kind::rate, {.rate = {.bits_per_second = 8, .queue = 2000}}}});
  const auto full = link_->effect(1).refused;
  EXPECT_GT(full, 10u);
  EXPECT_EQ(file_.that_say("dropped by rate 'a fault': its queue is full"), full);
  EXPECT_EQ(file_.that_say("rate 'a fault': leaves after "), 50 - full);
  offer(recording(50), {{Kind::partition, {}}, {Kind::rate, {.rate = {.bits_per_second = 8, .queue = 2000}}}});
  EXPECT_EQ(file_.that_say("dropped by partition 'a fault'"), 50u);
}

/// Four packets that a node sent as one.
Bytes super_packet_of_four() {
  Bytes frame = packet(40000, 80, 4 * 1000, PacketHeader::ack);
  os::VnetHeader header;
  header.flags = os::VnetHeader::needs_checksum;
  header.gso_type = os::VnetHeader::gso_tcp4;
  header.gso_size = 1000;
  header.header_length = 40;
  header.checksum_start = 20;
  header.checksum_offset = 16;
  std::memcpy(frame.data(), &header, sizeof header);
  return frame;
}

TEST_F(CapturedLink, HasASuperPacketWholeUntilItsPacketsAreToldApart) {
  const std::vector<Bytes> frames(50, super_packet_of_four());
  offer(frames, {});
  ASSERT_EQ(file_.packets.size(), 50u);
  EXPECT_EQ(file_.packets[0].length, 4040u);
  EXPECT_THAT(file_.packets[0].comments, ElementsAre("4 packets sent as one"));

  offer(frames, {{Kind::loss, {.loss = {.random = {.ppb = 300'000'000}}}}});
  const auto loss = link_->effect(1);
  EXPECT_EQ(loss.offered, 200u);
  EXPECT_EQ(file_.that_say("dropped by loss 'a fault'"), loss.refused);
  std::uint64_t payload = 0;
  for (const auto& packet : file_.packets) {
    payload += packet.length - 40;
    if (packet.says("dropped")) {
      EXPECT_EQ(packet.length, 1040u);
      EXPECT_THAT(packet.comments.front(), HasSubstr(" of 4 sent as one"));
    }
  }
  EXPECT_EQ(payload, 50u * 4000) << "every byte is in it once";
}

}  // namespace
}  // namespace withstand::lab::link
