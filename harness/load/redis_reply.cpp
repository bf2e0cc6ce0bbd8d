#include "load/redis_reply.hpp"

#include <new>

#include <hiredis/hiredis.h>

namespace withstand::load {
namespace {

struct ReaderDeleter {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

std::string text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string() : std::string(reply.str, static_cast<std::size_t>(reply.len));
}

/// hiredis refuses lists nested deeper than seven, so this ends.
RedisAnswer convert(const redisReply& reply) {
  RedisAnswer out;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
      out.type = RedisAnswer::Type::text;
      out.text = text_of(reply);
      break;
    case REDIS_REPLY_STATUS:
      out.type = RedisAnswer::Type::status;
      out.text = text_of(reply);
      break;
    case REDIS_REPLY_ERROR:
      out.type = RedisAnswer::Type::error;
      out.text = text_of(reply);
      break;
    case REDIS_REPLY_INTEGER:
      out.type = RedisAnswer::Type::integer;
      out.text = std::to_string(reply.integer);
      break;
    case REDIS_REPLY_ARRAY:
      out.type = RedisAnswer::Type::list;
      for (std::size_t i = 0; i < reply.elements; ++i) out.items.push_back(convert(*reply.element[i]));
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

struct RedisReply::Impl {
  std::unique_ptr<redisReader, ReaderDeleter> reader{redisReaderCreate()};
  RedisAnswer answer;
};

RedisReply::RedisReply() : impl_(std::make_unique<Impl>()) {
  if (!impl_->reader) throw std::bad_alloc();
}

RedisReply::~RedisReply() = default;

Reply::State RedisReply::take(std::string_view bytes) {
  void* reply = nullptr;
  if (redisReaderFeed(impl_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK ||
      redisReaderGetReply(impl_->reader.get(), &reply) != REDIS_OK) {
    return State::malformed;
  }
  if (reply == nullptr) return State::more;
  impl_->answer = convert(*static_cast<const redisReply*>(reply));
  freeReplyObject(reply);
  return State::complete;
}

bool RedisReply::keep_alive() const {
  const auto& reader = *impl_->reader;
  return reader.pos == reader.len;  // what comes after the reply answers nothing that was asked
}

const RedisAnswer& RedisReply::answer() const { return impl_->answer; }

std::string redis_command(const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const int length = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), lengths.data());
  if (length < 0) throw std::bad_alloc();
  std::string out(formatted, static_cast<std::size_t>(length));
  redisFreeCommand(formatted);
  return out;
}

}  // namespace withstand::load
