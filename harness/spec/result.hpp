#pragma once

#include <string>
#include <utility>
#include <variant>

namespace withstand::spec {

/// Why a text could not be read, in words a user can act on; no position (the caller knows where the text stood).
struct Complaint {
  std::string message;  ///< what is wrong
  std::string help;     ///< what to write instead; may be empty
  int offset = -1;      ///< where in the text, in characters from 0; -1: the text as a whole
  int length = 0;       ///< how many characters are wrong; 0 when `offset` is -1
};

/// A value or the reason there is none. Stands in for std::expected, which g++ 12 has only in C++23.
template <class T, class E = Complaint>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const T& value() const { return std::get<0>(state_); }
  [[nodiscard]] T& value() { return std::get<0>(state_); }
  [[nodiscard]] const E& error() const { return std::get<1>(state_); }
  const T& operator*() const { return value(); }
  T& operator*() { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, E> state_;
};

}  // namespace withstand::spec
