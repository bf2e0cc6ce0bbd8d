#pragma once

#include <functional>
#include <string>
#include <vector>

#include "os/ancillary.hpp"
#include "os/check.hpp"

/// How a child says whether its set-up worked: one message over its socket to the parent, so that the parent throws
/// what the child could not.
namespace withstand::os {

/// In the child: runs `set_up`; when it throws, sends what and ends this process with status 70.
void set_up_or_report(int socket, const std::function<void()>& set_up);

struct Failure {
  int error = 0;  ///< errno; 0 when it was not a system call
  std::string attempt;
};
/// What set_up_or_report sent.
Failure parse_failure(const Message& message);

/// In the child: all is set up. `descriptors` go to the parent.
void report_ready(int socket, const std::vector<int>& descriptors = {});

/// In the parent: the descriptors the child sent. Throws SystemError with the child's attempt and errno, prefixed with
/// `who`; ETIMEDOUT after `timeout_ms`; ECHILD when the child ended without a word.
std::vector<Fd> await_ready(const std::string& who, int socket, int timeout_ms);

/// The attempt a SystemError names, without the text of its errno.
std::string attempt_of(const std::system_error& error);

}  // namespace withstand::os
