#pragma once

// How supervisor and image understand each other about a wait. Numbers of x86-64.

enum {
  WS_NR_FUTEX = 202,
  WS_NR_CLOCK_NANOSLEEP = 230,
  WS_NR_MQ_TIMEDSEND = 242,
  WS_NR_MQ_TIMEDRECEIVE = 243,
  WS_NR_FUTEX_WAITV = 449,
  WS_NR_FUTEX_WAIT = 455,
};

/// What an interrupted wait seems to return: convert the instant again, the clock has changed. No errno.
#define WS_WAIT_AGAIN (-9999L)
