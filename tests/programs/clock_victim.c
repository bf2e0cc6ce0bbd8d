// Reads every clock by every route, or waits by every route until an instant, and says what it saw. Standard C and
// POSIX alone; built dynamic and static.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>

static long long nanoseconds(struct timespec time) { return time.tv_sec * 1000000000LL + time.tv_nsec; }

static long long now(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return nanoseconds(time);
}

static struct timespec later(int clock, long milliseconds) {
  const long long due = now(clock) + milliseconds * 1000000LL;
  return (struct timespec){due / 1000000000, due % 1000000000};
}

/// Whether each reading is told with CLOCK_MONOTONIC as it was just before.
static int with_steady = 0;
static long long steady_before;

static void tell(const char* route, const char* clock, long long value) {
  printf("%s-%s %lld", route, clock, value);
  if (with_steady) printf(" %lld", steady_before);
  printf("\n");
}

static void read_clocks(void) {
  static const struct {
    const char* name;
    int id;
  } clocks[] = {{"realtime", 0},         {"monotonic", 1}, {"raw", 4}, {"realtime-coarse", 5},
                {"monotonic-coarse", 6}, {"boottime", 7},  {"tai", 11}};
  for (unsigned i = 0; i < sizeof clocks / sizeof clocks[0]; ++i) {
    struct timespec raw;
    steady_before = now(CLOCK_MONOTONIC);
    tell("libc", clocks[i].name, now(clocks[i].id));
    steady_before = now(CLOCK_MONOTONIC);
    syscall(SYS_clock_gettime, clocks[i].id, &raw);
    tell("syscall", clocks[i].name, nanoseconds(raw));
  }
  struct timeval here, raw_here;
  steady_before = now(CLOCK_MONOTONIC);
  gettimeofday(&here, NULL);
  tell("libc", "gettimeofday", here.tv_sec * 1000000000LL + here.tv_usec * 1000);
  steady_before = now(CLOCK_MONOTONIC);
  syscall(SYS_gettimeofday, &raw_here, NULL);
  tell("syscall", "gettimeofday", raw_here.tv_sec * 1000000000LL + raw_here.tv_usec * 1000);
  steady_before = now(CLOCK_MONOTONIC);
  tell("libc", "time", time(NULL) * 1000000000LL);
  steady_before = now(CLOCK_MONOTONIC);
  tell("syscall", "time", syscall(SYS_time, NULL) * 1000000000LL);
}

static int sleep_until(long milliseconds) {
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &due, NULL);
}

static int wait_condition(long milliseconds) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  pthread_mutex_lock(&mutex);
  int result = 0;
  while (result == 0) result = pthread_cond_timedwait(&condition, &mutex, &due);
  pthread_mutex_unlock(&mutex);
  return result == ETIMEDOUT ? 0 : result;
}

/// By CLOCK_MONOTONIC, as most programs wait that know of it.
static int wait_steady_condition(long milliseconds) {
  pthread_condattr_t attributes;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&condition, &attributes);
  const struct timespec due = later(CLOCK_MONOTONIC, milliseconds);
  pthread_mutex_lock(&mutex);
  int result = 0;
  while (result == 0) result = pthread_cond_timedwait(&condition, &mutex, &due);
  pthread_mutex_unlock(&mutex);
  return result == ETIMEDOUT ? 0 : result;
}

static int sleep_until_steady(long milliseconds) {
  const struct timespec due = later(CLOCK_MONOTONIC, milliseconds);
  return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static int wait_steady_timer_file(long milliseconds) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const struct itimerspec due = {{0, 0}, later(CLOCK_MONOTONIC, milliseconds)};
  if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &due, NULL) != 0) return errno;
  uint64_t expired = 0;
  const int result = read(timer, &expired, sizeof expired) == sizeof expired && expired == 1 ? 0 : -1;
  close(timer);
  return result;
}

static int wait_semaphore(long milliseconds) {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  while (sem_timedwait(&semaphore, &due) != 0)
    if (errno != EINTR) return errno == ETIMEDOUT ? 0 : errno;
  return -1;
}

static int wait_mutex(long milliseconds) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  const int result = pthread_mutex_timedlock(&mutex, &due);
  return result == ETIMEDOUT ? 0 : result;
}

static int wait_rwlock(long milliseconds) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  pthread_rwlock_rdlock(&lock);
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  const int result = pthread_rwlock_timedwrlock(&lock, &due);
  return result == ETIMEDOUT ? 0 : result;
}

static int wait_priority_mutex(long milliseconds) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_NORMAL);
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutex_lock(&mutex);
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  const int result = pthread_mutex_timedlock(&mutex, &due);
  return result == ETIMEDOUT ? 0 : result;
}

static int wait_timer_file(long milliseconds) {
  const int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  const struct itimerspec due = {{0, 0}, later(CLOCK_REALTIME, milliseconds)};
  if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &due, NULL) != 0) return errno;
  uint64_t expired = 0;
  const int result = read(timer, &expired, sizeof expired) == sizeof expired && expired == 1 ? 0 : -1;
  close(timer);
  return result;
}

/// Asks to be told when the clock is set; 0 when it was, by ECANCELED, after a poll or (`blocks`) in the read itself.
static int wait_cancelled(long milliseconds, int blocks) {
  const int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | (blocks ? 0 : TFD_NONBLOCK));
  const struct itimerspec due = {{0, 0}, later(CLOCK_REALTIME, milliseconds)};
  if (timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &due, NULL) != 0) return errno;
  uint64_t expired = 0;
  struct pollfd watched = {timer, POLLIN, 0};
  if (!blocks) poll(&watched, 1, -1);
  return read(timer, &expired, sizeof expired) < 0 && errno == ECANCELED ? 0 : -2;
}

static int wait_cancelled_polling(long milliseconds) { return wait_cancelled(milliseconds, 0); }
static int wait_cancelled_reading(long milliseconds) { return wait_cancelled(milliseconds, 1); }

static int wait_timer(long milliseconds) {
  sigset_t set;
  timer_t timer;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  if (timer_create(CLOCK_REALTIME, &event, &timer) != 0) return errno;
  const struct itimerspec due = {{0, 0}, later(CLOCK_REALTIME, milliseconds)};
  if (timer_settime(timer, TIMER_ABSTIME, &due, NULL) != 0) return errno;
  int signal_number = 0;
  return sigwait(&set, &signal_number);
}

static int wait_queue(long milliseconds) {
  struct mq_attr attributes = {0, 1, 8, 0, {0}};
  char name[64], message[8];
  snprintf(name, sizeof name, "/clock-victim-%d", (int)getpid());
  const mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
  if (queue == (mqd_t)-1) return errno;
  mq_unlink(name);
  const struct timespec due = later(CLOCK_REALTIME, milliseconds);
  while (mq_timedreceive(queue, message, sizeof message, NULL, &due) < 0)
    if (errno != EINTR) return errno == ETIMEDOUT ? 0 : errno;
  return -1;
}

static struct timespec span(long milliseconds) {
  return (struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000};
}

static int span_nanosleep(long milliseconds) {
  const struct timespec time = span(milliseconds);
  return nanosleep(&time, NULL);
}
static int span_usleep(long milliseconds) { return usleep((useconds_t)milliseconds * 1000); }
static int span_poll(long milliseconds) { return poll(NULL, 0, (int)milliseconds); }
static int span_ppoll(long milliseconds) {
  const struct timespec time = span(milliseconds);
  return ppoll(NULL, 0, &time, NULL);
}
static int span_select(long milliseconds) {
  struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
  return select(0, NULL, NULL, NULL, &time);
}
static int span_pselect(long milliseconds) {
  const struct timespec time = span(milliseconds);
  return pselect(0, NULL, NULL, NULL, &time, NULL);
}
static int span_epoll(long milliseconds) {
  struct epoll_event event;
  const int all = epoll_create1(EPOLL_CLOEXEC);
  const int result = epoll_wait(all, &event, 1, (int)milliseconds);
  close(all);
  return result;
}
static int span_sigtimedwait(long milliseconds) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  const struct timespec time = span(milliseconds);
  return sigtimedwait(&set, NULL, &time) < 0 && errno == EAGAIN ? 0 : -1;
}
static int span_futex(long milliseconds) {
  int word = 0;
  const struct timespec time = span(milliseconds);
  return syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &time, NULL, 0) < 0 && errno == ETIMEDOUT ? 0 : -1;
}
static int span_timer_file(long milliseconds) {
  const int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  const struct itimerspec due = {{0, 0}, span(milliseconds)};
  uint64_t expired = 0;
  if (timerfd_settime(timer, 0, &due, NULL) != 0) return errno;
  const int result = read(timer, &expired, sizeof expired) == sizeof expired ? 0 : -1;
  close(timer);
  return result;
}
static int span_setitimer(long milliseconds) {
  sigset_t set;
  int number = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  const struct itimerval due = {{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
  return setitimer(ITIMER_REAL, &due, NULL) != 0 ? errno : sigwait(&set, &number);
}

static const struct {
  const char* name;
  int (*wait)(long);
} waits[] = {{"sleep", sleep_until},
             {"condition", wait_condition},
             {"semaphore", wait_semaphore},
             {"mutex", wait_mutex},
             {"rwlock", wait_rwlock},
             {"priority-mutex", wait_priority_mutex},
             {"timer-file", wait_timer_file},
             {"timer", wait_timer},
             {"queue", wait_queue},
             {"cancelled-polling", wait_cancelled_polling},
             {"cancelled-reading", wait_cancelled_reading},
             {"steady-sleep", sleep_until_steady},
             {"steady-condition", wait_steady_condition},
             {"steady-timer-file", wait_steady_timer_file},
             {"span-nanosleep", span_nanosleep},
             {"span-usleep", span_usleep},
             {"span-poll", span_poll},
             {"span-ppoll", span_ppoll},
             {"span-select", span_select},
             {"span-pselect", span_pselect},
             {"span-epoll", span_epoll},
             {"span-sigtimedwait", span_sigtimedwait},
             {"span-futex", span_futex},
             {"span-timer-file", span_timer_file},
             {"span-setitimer", span_setitimer}};

/// The others wait to be told, or by a clock that is seldom false, and are not among "all".
enum { ordinary_waits = 9 };

/// Tells how long the wait was by a clock that is true.
static int wait_by(const char* name, long milliseconds) {
  for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; ++i) {
    const int asked = strcmp(name, waits[i].name) == 0 || (strcmp(name, "all") == 0 && i < ordinary_waits) ||
                      (strcmp(name, "spans") == 0 && strncmp(waits[i].name, "span-", 5) == 0);
    if (!asked) continue;
    const long long start = now(CLOCK_MONOTONIC);
    printf("begin-%s %lld\n", waits[i].name, now(CLOCK_REALTIME));
    fflush(stdout);
    const int result = waits[i].wait(milliseconds);
    printf("%s %lld\n", waits[i].name, result == 0 ? now(CLOCK_MONOTONIC) - start : -1LL - result);
    fflush(stdout);
  }
  return 0;
}

/// Until `seconds` have gone by: the wall clock, the state of its discipline and TAI - UTC.
static void watch(long seconds) {
  const long long end = now(CLOCK_MONOTONIC) + seconds * 1000000000LL;
  while (now(CLOCK_MONOTONIC) < end) {
    struct timex request = {0};
    const int state = adjtimex(&request);
    printf("%lld %d %d\n", now(CLOCK_REALTIME), state, request.tai);
    fflush(stdout);
    usleep(20000);
  }
}

static void discipline(void) {
  struct timex request = {0};
  const int state = adjtimex(&request);
  printf("state %d\nstatus %d\ntai %d\nsec %ld\n", state, request.status, request.tai, (long)request.time.tv_sec);
  request.modes = ADJ_STATUS;
  printf("adjust %d\n", adjtimex(&request) < 0 ? errno : 0);
  const struct timespec then = {1000000000, 0};
  printf("set %d\n", clock_settime(CLOCK_REALTIME, &then) < 0 ? errno : 0);
}

/// When the wall clock was last seen as it was at first, and when first an hour or more off; of CLOCK_MONOTONIC, before
/// and after the reading. Of all threads of all processes.
static struct {
  _Atomic long long last_old, first_new, deltas;
  _Atomic int stop;
} * seen;

static void* spin(void* unused) {
  (void)unused;
  while (!seen->stop) {
    const long long before = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME), after = now(CLOCK_MONOTONIC);
    const int is_new = llabs(wall - before - seen->deltas) > 1800000000000LL;
    _Atomic long long* bound = is_new ? &seen->first_new : &seen->last_old;
    long long known = *bound;
    while (is_new ? after < known : before > known)
      if (atomic_compare_exchange_weak(bound, &known, is_new ? after : before)) break;
  }
  return NULL;
}

/// Many processes of many threads that do nothing but read the clock, until some while after it has changed.
static void spin_all(int processes, int threads, long milliseconds) {
  seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  seen->deltas = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
  seen->first_new = INT64_MAX;
  for (int i = 0; i < processes; ++i) {
    if (fork() != 0) continue;
    pthread_t all[64];
    for (int k = 0; k < threads; ++k) pthread_create(&all[k], NULL, spin, NULL);
    for (int k = 0; k < threads; ++k) pthread_join(all[k], NULL);
    _exit(0);
  }
  printf("begin-spin 0\n");
  fflush(stdout);
  const long long end = now(CLOCK_MONOTONIC) + milliseconds * 1000000LL;
  while (seen->first_new == INT64_MAX && now(CLOCK_MONOTONIC) < end) usleep(1000);
  usleep(100000);
  seen->stop = 1;
  while (wait(NULL) > 0) {
  }
  printf("last-old %lld\nfirst-new %lld\n", seen->last_old, seen->first_new);
}

static void* execute(void* argv) {
  execv(*(char**)argv, (char**)argv);
  return NULL;
}

/// By another thread than the first.
static void execute_by_thread(char** argv) {
  pthread_t thread;
  pthread_create(&thread, NULL, execute, argv);
  pthread_join(thread, NULL);
}

int main(int argc, char** argv) {
  with_steady = argc > 2 && strcmp(argv[2], "beside") == 0;
  if (argc > 1 && strcmp(argv[1], "read") == 0) read_clocks();
  if (argc > 3 && strcmp(argv[1], "wait") == 0) return wait_by(argv[2], atol(argv[3]));
  if (argc > 1 && strcmp(argv[1], "discipline") == 0) discipline();
  if (argc > 4 && strcmp(argv[1], "spin") == 0) spin_all(atoi(argv[2]), atoi(argv[3]), atol(argv[4]));
  if (argc > 2 && strcmp(argv[1], "watch") == 0) watch(atol(argv[2]));
  if (argc > 2 && strcmp(argv[1], "exec") == 0) execv(argv[2], argv + 2);
  if (argc > 2 && strcmp(argv[1], "exec-by-thread") == 0) execute_by_thread(argv + 2);
  return 0;
}
