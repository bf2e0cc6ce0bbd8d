#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lab/link/http/rule.hpp"
#include "promise.hpp"

namespace {

namespace http = withstand::lab::link::http;
using withstand::fuzz::promise;

/// Writes down what it hears, and checks what must hold of it.
class Notes : public http::Hearer {
 public:
  explicit Notes(std::string_view input) : input_(input) {}
  bool heard(const http::Message& message) override {
    promise(message.begins < message.body, "a head has a length", input_);
    promise(message.request != nullptr || message.response != nullptr, "a message is one or the other", input_);
    const withstand::core::HttpMatch match{.methods = {"GET"}, .path = "/*a?", .host = "*", .headers = {{"a", "*b*"}}};
    said += fmt::format("{} {} {} {} {}\n", message.ordinal, message.begins, message.body, message.body_length,
                        http::meant(match, message));
    if (message.request != nullptr) said += http::label_of(message.request->head) + "\n";
    return true;
  }
  void ended(bool up, std::int64_t at) override { said += fmt::format("{} ends at {}\n", up, at); }
  void spoken(http::Speech speech) override { said += fmt::format("speaks {}\n", static_cast<int>(speech)); }

  std::string said;

 private:
  std::string_view input_;
};

std::string heard_in_pieces(std::string_view up, std::string_view down, std::size_t size, std::string_view input) {
  http::Conversation conversation;
  Notes notes(input);
  for (const bool way : {true, false}) {
    const std::string_view text = way ? up : down;
    for (std::size_t at = 0; at < text.size(); at += size) {
      const auto part = text.substr(at, size);
      promise(conversation.hear(way, part, notes) == part.size(), "everything is taken", input);
      const auto position = conversation.reader(way).position();
      promise(position >= 0 && position <= static_cast<std::int64_t>(at + part.size()), "nothing is read twice", input);
    }
  }
  return notes.said;
}

}  // namespace

/// What two ends say to each other, parted by a byte 0xff: pieces of any size say the same as the whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto middle = std::min(input.find('\xff'), input.size());
  const auto up = input.substr(1, middle > 0 ? middle - 1 : 0), down = input.substr(std::min(middle + 1, input.size()));
  const std::string whole = heard_in_pieces(up, down, size, input);
  promise(heard_in_pieces(up, down, 1 + data[0] % 64, input) == whole, "pieces say the same as the whole", input);
  return 0;
}
