#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <type_traits>

#include <system_error>

namespace withstand::os {

/// A system call that failed: what() is "ATTEMPT: TEXT OF ERRNO".
class SystemError : public std::system_error {
 public:
  SystemError(std::string_view attempt, int error)
      : std::system_error(error, std::generic_category(), std::string(attempt)) {}
};

/// Every system call's return value goes through here: throws SystemError naming the attempt when it is negative, else
/// returns it.
template <class T>
T check(std::string_view attempt, T returned) {
  static_assert(std::is_signed_v<T>);
  if (returned < 0) throw SystemError(attempt, errno);
  return returned;
}

/// The same for calls that return a null pointer on failure.
template <class T>
T* check_pointer(std::string_view attempt, T* returned) {
  if (returned == nullptr) throw SystemError(attempt, errno);
  return returned;
}

/// Repeats a call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  for (;;) {
    const auto returned = call();
    if (returned >= 0 || errno != EINTR) return returned;
  }
}

}  // namespace withstand::os
