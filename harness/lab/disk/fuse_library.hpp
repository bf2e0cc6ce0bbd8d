#pragma once

/// libfuse's low-level interface, as of the version that Debian 12 has.
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>

#include "lab/disk/request.hpp"
