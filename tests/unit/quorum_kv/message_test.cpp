#include "kv/message.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kv/bytes.hpp"
#include "kv/log_format.hpp"

namespace quorum_kv {
namespace {

std::optional<Message> decode(std::string_view frame, bool verify = true) {
  const auto header = decode_frame_header(frame);
  if (!header) return std::nullopt;
  return decode_payload(*header, frame.substr(frame_header_size), verify);
}

std::vector<Message> samples() {
  const Versioned data{{7, 2, 3, 9}, "value with \0 zero"};
  return {Hello{"n1", "n2", 42},
          Welcome{"n2", 5},
          Ping{123},
          Pong{456},
          Query{{8, 1}, "key"},
          QueryReply{{8, 1}, data},
          Store{{8, 2}, {"key", data}},
          StoreReply{{8, 2}}};
}

TEST(Message, ComesBackAsItWasSent) {
  for (const Message& message : samples()) {
    const auto decoded = decode(encode_frame(message));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, message);
  }
}

TEST(Message, AnyFlippedBitIsNoticed) {
  for (const Message& message : samples()) {
    const std::string good = encode_frame(message);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_FALSE(decode(bad)) << "message " << message.index() << ", bit " << bit;
    }
  }
}

TEST(Message, WithoutChecksumsAFlippedBitPasses) {
  std::string frame = encode_frame(Store{{8, 2}, {"key", {{7, 2, 3, 9}, "value"}}});
  frame.back() = 'E';
  EXPECT_FALSE(decode(frame));
  ASSERT_TRUE(decode(frame, false));
  EXPECT_EQ(std::get<Store>(*decode(frame, false)).record.data.value, "valuE");
}

TEST(Message, ACutFrameIsNotAMessage) {
  for (const Message& message : samples()) {
    const std::string good = encode_frame(message);
    for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(decode(good.substr(0, length)));
  }
}

TEST(Message, CarriesTheLongestKeyAndValue) {
  const Store store{{1, 2}, {std::string(max_key_size, 'k'), {{1, 0, 1, 1}, std::string(max_value_size, 'v')}}};
  EXPECT_EQ(decode(encode_frame(store)), Message(store));
}

/// Bytes that begin right and then go wrong reach further into a decoder than noise does.
std::string mutate(std::string bytes, std::mt19937_64& random) {
  const auto changes = random() % 4 + 1;
  for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
    const auto at = random() % bytes.size();
    if (random() % 4 == 0) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<char>(random());
    }
  }
  return bytes;
}

TEST(Decoders, AcceptAnyBytes) {
  std::mt19937_64 random(1);
  const auto messages = samples();
  const LogHeader header{99, 3, "n1", {"n1", "n2"}};
  const std::vector<Record> records{{"key", {{1, 2, 3, 4}, "value"}}, {"k2", {{5, 6, 7, 8}, ""}}};
  const std::string log = encode_log_page(header, {0, log_frames_offset}) + encode_log_frame(99, 1, records) +
                          encode_log_frame(99, 2, records);
  for (int i = 0; i < 20'000; ++i) {
    for (const bool verify : {true, false}) {
      const std::string frame = mutate(encode_frame(messages[random() % messages.size()]), random);
      const auto decoded = decode(frame, verify);
      if (decoded && verify) {
        EXPECT_EQ(encode_frame(*decoded), frame);
      }
      decode_log(mutate(log, random), {verify, random() % 2 == 0});
    }
  }
}

TEST(Decoders, RefuseImpossibleLengthsWithoutReserving) {
  std::string huge;
  ByteWriter out(huge);
  out.u32(0xFFFFFFFF);
  out.u32(0);
  EXPECT_FALSE(decode_frame_header(huge));
  ByteReader in(std::string_view(huge).substr(0, 4));
  EXPECT_EQ(in.text(max_value_size), "");
  EXPECT_FALSE(in.ok());
}

TEST(Tag, CounterThenNodeThenBootThenOperation) {
  const std::vector<Tag> ascending{{},           {1, 0, 1, 1}, {1, 0, 1, 2}, {1, 0, 2, 1},
                                   {1, 1, 0, 0}, {2, 0, 0, 0}, {2, 0, 0, 1}};
  for (std::size_t i = 1; i < ascending.size(); ++i) EXPECT_LT(ascending[i - 1], ascending[i]);
  EXPECT_TRUE(Tag{}.is_initial());
  EXPECT_EQ(to_string(Tag{17, 2, 3, 991}), "17.2.3.991");
}

TEST(Crc32c, HasTheValuesOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c("1234", "56789"), 0xE3069283u);
}

}  // namespace
}  // namespace quorum_kv
