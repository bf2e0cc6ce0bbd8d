#include "lab/link/http/conversation.hpp"

namespace withstand::lab::link::http {

std::size_t Conversation::hear(bool up, std::string_view bytes, Hearer& hearer) {
  Reader& ear = own(up);
  std::size_t done = 0;
  while (!stopped_) {
    std::size_t taken = 0;
    const Reader::Event event = ear.read(bytes.substr(done), taken);
    done += taken;
    if (event == Reader::Event::more) return bytes.size();
    if (event == Reader::Event::over) {
      stopped_ = true;
      learn(ear.speech(), hearer);
      break;
    }
    if (event == Reader::Event::end) {
      hearer.ended(up, ear.position());
      continue;
    }
    learn(Speech::http, hearer);
    if (!(up ? request(hearer) : response(hearer))) return done;
  }
  return bytes.size();
}

namespace {

std::size_t size_of(const Head& head) {
  std::size_t bytes = sizeof head + head.method.size() + head.target.size();
  for (const auto& field : head.fields) bytes += sizeof field + field.first.size() + field.second.size();
  return bytes;
}

}  // namespace

bool Conversation::request(Hearer& hearer) {
  const std::size_t bytes = size_of(up_.head());
  if (open_.size() >= most_open || open_bytes_ + bytes > most_open_bytes) {
    stopped_ = true;
    learn(Speech::oversized, hearer);
    return true;
  }
  open_bytes_ += bytes;
  open_.push_back({next_++, up_.head()});
  const Request& made = open_.back();
  const Message message{.request = &made,
                        .response = nullptr,
                        .ordinal = made.ordinal,
                        .begins = up_.begins(),
                        .body = up_.position(),
                        .body_length = up_.body_length()};
  const bool goes_on = hearer.heard(message);
  // Whether what follows is a tunnel's says the answer; until then it is not ours to read.
  up_.body(made.head.method == "CONNECT" ? Reader::Body::rest : Reader::Body::announced);
  return goes_on;
}

bool Conversation::response(Hearer& hearer) {
  const Head& head = down_.head();
  const bool interim = head.status / 100 == 1;
  const bool asked = !open_.empty();
  const std::string method = asked ? open_.front().head.method : "";
  const bool switches = head.status == 101 || (method == "CONNECT" && head.status / 100 == 2);
  bool goes_on = true;
  if (!interim) {
    const Message message{.request = asked ? &open_.front() : nullptr,
                          .response = &head,
                          .ordinal = asked ? open_.front().ordinal : next_,
                          .begins = down_.begins(),
                          .body = down_.position(),
                          .body_length = method == "HEAD" || switches ? 0 : down_.body_length()};
    goes_on = hearer.heard(message);
    if (asked) {
      open_bytes_ -= size_of(open_.front().head);
      open_.pop_front();
    }
  }
  if (switches) {
    stopped_ = true;
    learn(Speech::upgraded, hearer);
  }
  down_.body(switches ? Reader::Body::rest : method == "HEAD" ? Reader::Body::none : Reader::Body::announced);
  return goes_on;
}

void Conversation::learn(Speech speech, Hearer& hearer) {
  if (speech == speech_) return;
  speech_ = speech == Speech::other && speech_ == Speech::http ? Speech::malformed : speech;
  hearer.spoken(speech_);
}

}  // namespace withstand::lab::link::http
