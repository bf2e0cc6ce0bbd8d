#include "lab/disk/walk.hpp"

#include <fts.h>
#include <memory>

#include "os/check.hpp"

namespace withstand::lab::disk {

void walk(int folder, const Visit& visit) {
  std::string root = "/proc/self/fd/" + std::to_string(folder);
  char* roots[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> list(
      os::check_pointer("list " + root,
                        ::fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, nullptr)),
      &::fts_close);
  while (const FTSENT* entry = ::fts_read(list.get())) {
    if (entry->fts_info == FTS_DP || entry->fts_statp == nullptr) continue;
    if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) continue;
    const std::string path = entry->fts_path;
    visit(path.size() > root.size() ? path.substr(root.size() + 1) : "", *entry->fts_statp);
  }
}

}  // namespace withstand::lab::disk
