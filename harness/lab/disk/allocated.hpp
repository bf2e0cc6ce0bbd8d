#pragma once

#include <vector>

#include "lab/disk/damage.hpp"

namespace withstand::lab::disk {

/// What of these bytes of an open file has blocks already: written, waiting to be written, or allocated beforehand
/// (FS_IOC_FIEMAP; where a file system has none, what lseek(2) calls data). In order.
[[nodiscard]] std::vector<Extent> allocated(int file, Extent bytes);

/// How far one can write from `bytes.begin` on before more than `room` bytes of new blocks are needed; at most
/// `bytes.end`. `block`: bytes. Pure.
[[nodiscard]] std::uint64_t end_that_fits(const std::vector<Extent>& allocated, Extent bytes, std::uint64_t room,
                                          std::uint64_t block);

}  // namespace withstand::lab::disk
