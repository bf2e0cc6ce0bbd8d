#include "lab/disk/request.hpp"

#include <algorithm>
#include <fcntl.h>
#include <stdexcept>

namespace withstand::lab::disk {
namespace {

/// The first of the strings behind a body of so many bytes.
std::string_view text_behind(const Request& request, std::size_t body) {
  const auto rest = request.bytes.subspan(sizeof(fuse_in_header) + body);
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  return text.substr(0, text.find('\0'));
}

void name_at(Request& request, Operation operation, std::size_t body) {
  request.operation = operation;
  request.name = text_behind(request, body);
}

void two_names(Request& request, std::size_t body, std::uint64_t new_folder) {
  name_at(request, Operation::rename, body);
  request.second_name = text_behind(request, body + request.name.size() + 1);
  request.second_node = new_folder;
}

void data(Request& request, Operation operation, std::uint64_t offset, std::uint64_t size) {
  request.operation = operation;
  request.offset = offset;
  request.size = size;
}

/// Through which descriptor it is asked, as far as the kernel says.
std::uint64_t handle_of(const Request& request) {
  switch (request.header->opcode) {
    case FUSE_READ:
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      return request.body<fuse_read_in>()->fh;
    case FUSE_WRITE:
      return request.body<fuse_write_in>()->fh;
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
      return request.body<fuse_fsync_in>()->fh;
    case FUSE_FLUSH:
      return request.body<fuse_flush_in>()->fh;
    case FUSE_FALLOCATE:
      return request.body<fuse_fallocate_in>()->fh;
    case FUSE_LSEEK:
      return request.body<fuse_lseek_in>()->fh;
    case FUSE_COPY_FILE_RANGE:
      return request.body<fuse_copy_file_range_in>()->fh_out;
    case FUSE_GETATTR: {
      const auto* in = request.body<fuse_getattr_in>();
      return (in->getattr_flags & FUSE_GETATTR_FH) != 0 ? in->fh : 0;
    }
    case FUSE_SETATTR: {
      const auto* in = request.body<fuse_setattr_in>();
      return (in->valid & FATTR_FH) != 0 ? in->fh : 0;
    }
    default:
      return 0;
  }
}

void parse_naming(Request& request) {
  switch (request.header->opcode) {
    case FUSE_LOOKUP:
      return name_at(request, Operation::lookup, 0);
    case FUSE_UNLINK:
      return name_at(request, Operation::unlink, 0);
    case FUSE_RMDIR:
      return name_at(request, Operation::rmdir, 0);
    case FUSE_SYMLINK:
      return name_at(request, Operation::symlink, 0);
    case FUSE_MKNOD:
      return name_at(request, Operation::mknod, sizeof(fuse_mknod_in));
    case FUSE_MKDIR:
      return name_at(request, Operation::mkdir, sizeof(fuse_mkdir_in));
    case FUSE_TMPFILE:
    case FUSE_CREATE:
      return name_at(request, Operation::create, sizeof(fuse_create_in));
    case FUSE_LINK:
      request.second_node = request.body<fuse_link_in>()->oldnodeid;
      return name_at(request, Operation::link, sizeof(fuse_link_in));
    case FUSE_RENAME:
      return two_names(request, sizeof(fuse_rename_in), request.body<fuse_rename_in>()->newdir);
    case FUSE_RENAME2:
      return two_names(request, sizeof(fuse_rename2_in), request.body<fuse_rename2_in>()->newdir);
    default:
      return;
  }
}

void parse_data(Request& request) {
  switch (request.header->opcode) {
    case FUSE_READ: {
      const auto* in = request.body<fuse_read_in>();
      return data(request, Operation::read, in->offset, in->size);
    }
    case FUSE_WRITE: {
      const auto* in = request.body<fuse_write_in>();
      request.written_back = (in->write_flags & FUSE_WRITE_CACHE) != 0;
      return data(request, Operation::write, in->offset, in->size);
    }
    case FUSE_FALLOCATE: {
      const auto* in = request.body<fuse_fallocate_in>();
      return data(request, Operation::fallocate, in->offset, in->length);
    }
    case FUSE_LSEEK:
      return data(request, Operation::seek, request.body<fuse_lseek_in>()->offset, 0);
    case FUSE_COPY_FILE_RANGE: {
      const auto* in = request.body<fuse_copy_file_range_in>();
      data(request, Operation::copy, in->off_out, in->len);
      request.second_node = in->nodeid_out;
      return;
    }
    case FUSE_FSYNC: {
      const bool data_only = (request.body<fuse_fsync_in>()->fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
      return data(request, data_only ? Operation::fdatasync : Operation::fsync, 0, 0);
    }
    default:
      return;
  }
}

void parse_rest(Request& request) {
  switch (request.header->opcode) {
    case FUSE_SETATTR: {
      const auto* in = request.body<fuse_setattr_in>();
      if ((in->valid & FATTR_SIZE) != 0) return data(request, Operation::truncate, in->size, 0);
      request.operation = Operation::setattr;
      return;
    }
    case FUSE_GETATTR:
      request.operation = Operation::getattr;
      return;
    case FUSE_READLINK:
      request.operation = Operation::readlink;
      return;
    case FUSE_OPENDIR:
    case FUSE_OPEN: {
      const std::uint32_t flags = request.body<fuse_open_in>()->flags;
      request.operation = Operation::open;
      request.changing_open = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
      return;
    }
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      request.operation = Operation::readdir;
      return;
    case FUSE_STATFS:
      request.operation = Operation::statfs;
      return;
    case FUSE_FSYNCDIR:
      request.operation = Operation::fsyncdir;
      return;
    case FUSE_FLUSH:
      request.operation = Operation::close;
      return;
    case FUSE_GETXATTR:
      request.operation = Operation::getxattr;
      return;
    case FUSE_SETXATTR:
      request.operation = Operation::setxattr;
      return;
    case FUSE_LISTXATTR:
      request.operation = Operation::listxattr;
      return;
    case FUSE_REMOVEXATTR:
      request.operation = Operation::removexattr;
      return;
    default:
      return;
  }
}

}  // namespace

bool Request::shorten(std::int64_t share_ppb) {
  if (operation != Operation::read && operation != Operation::write) return false;
  const auto share = size * static_cast<std::uint64_t>(share_ppb) / 1'000'000'000U;
  const auto kept = std::max<std::uint64_t>(1, share);
  if (kept >= size) return false;
  (operation == Operation::read ? body<fuse_read_in>()->size : body<fuse_write_in>()->size) =
      static_cast<std::uint32_t>(kept);
  size = kept;
  return true;
}

Request parse_request(std::span<std::byte> bytes) {
  Request request;
  request.bytes = bytes;
  request.header = reinterpret_cast<fuse_in_header*>(bytes.data());
  if (bytes.size() < sizeof(fuse_in_header) || request.header->len != bytes.size())
    throw std::runtime_error("disk server: a message of the kernel is shorter than it says");
  parse_naming(request);
  if (!request.operation) parse_data(request);
  if (!request.operation) parse_rest(request);
  request.handle = handle_of(request);
  return request;
}

}  // namespace withstand::lab::disk
