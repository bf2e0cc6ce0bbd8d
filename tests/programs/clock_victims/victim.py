"""Reads the clocks by every route that Python has ("read": NAME VALUE MONOTONIC), or sleeps 200 ms by every route
("sleep": NAME NANOSECONDS)."""
import asyncio
import ctypes
import datetime
import sched
import select
import signal
import sys
import threading
import time

SPAN = 0.2


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


def system_call():
    now = Timespec()
    ctypes.CDLL(None).syscall(228, 0, ctypes.byref(now))
    return now.sec * 10**9 + now.nsec


def sleep_until_instant():
    due = time.time() + SPAN
    ctypes.CDLL(None).clock_nanosleep(0, 1, ctypes.byref(Timespec(int(due), int(due % 1 * 1e9))), None)


def condition():
    waiting = threading.Condition()
    with waiting:
        waiting.wait(SPAN)


def schedule():
    scheduler = sched.scheduler(time.time, time.sleep)
    scheduler.enter(SPAN, 1, lambda: None)
    scheduler.run()


def interval_timer():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, SPAN)
    signal.pause()


READINGS = {
    "time.time": lambda: int(time.time() * 1e9),
    "time.time_ns": time.time_ns,
    "clock_gettime": lambda: time.clock_gettime_ns(time.CLOCK_REALTIME),
    "datetime.now": lambda: int(datetime.datetime.now().timestamp() * 1e9),
    "datetime.utcnow": lambda: int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1e9),
    "system call": system_call,
}
SLEEPS = {
    "time.sleep": lambda: time.sleep(SPAN),
    "select": lambda: select.select([], [], [], SPAN),
    "Event.wait": lambda: threading.Event().wait(SPAN),
    "Condition.wait": condition,
    "Lock.acquire": lambda: (lambda lock: (lock.acquire(), lock.acquire(timeout=SPAN)))(threading.Lock()),
    "sched": schedule,
    "asyncio.sleep": lambda: asyncio.run(asyncio.sleep(SPAN)),
    "setitimer": interval_timer,
    "clock_nanosleep": sleep_until_instant,
}

if sys.argv[1] == "read":
    for name, read in READINGS.items():
        steady = time.monotonic_ns()
        print(name.replace(" ", "-"), read(), steady)
else:
    for name, sleep in SLEEPS.items():
        start = time.monotonic_ns()
        sleep()
        print(name.replace(" ", "-"), time.monotonic_ns() - start)
