// Reads the clocks by every route that Rust has ("read": NAME VALUE MONOTONIC), or sleeps 200 ms by every route ("sleep":
// NAME NANOSECONDS).
use std::sync::{mpsc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn clock_gettime(id: i32, out: *mut Timespec) -> i32;
    fn clock_nanosleep(id: i32, flags: i32, until: *const Timespec, left: *mut Timespec) -> i32;
}

const SPAN: Duration = Duration::from_millis(200);

fn read(id: i32) -> i64 {
    let mut now = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(id, &mut now) };
    now.sec * 1_000_000_000 + now.nsec
}

fn system_time() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64
}

fn until_instant() {
    let due = system_time() + SPAN.as_nanos() as i64;
    let until = Timespec { sec: due / 1_000_000_000, nsec: due % 1_000_000_000 };
    unsafe { clock_nanosleep(0, 1, &until, std::ptr::null_mut()) };
}

fn condition() {
    let lock = Mutex::new(());
    let held = lock.lock().unwrap();
    let _ = Condvar::new().wait_timeout_while(held, SPAN, |_| true).unwrap();
}

fn main() {
    let readings: [(&str, fn() -> i64); 2] = [("SystemTime::now", system_time), ("clock_gettime", || read(0))];
    let sleeps: [(&str, fn()); 5] = [
        ("thread::sleep", || thread::sleep(SPAN)),
        ("park_timeout", || thread::park_timeout(SPAN)),
        ("wait_timeout", condition),
        ("recv_timeout", || {
            let (_keep, never) = mpsc::channel::<()>();
            let _ = never.recv_timeout(SPAN);
        }),
        ("clock_nanosleep", until_instant),
    ];
    if std::env::args().nth(1).as_deref() == Some("read") {
        for (name, read_it) in readings {
            let steady = read(1);
            println!("{} {} {}", name, read_it(), steady);
        }
    } else {
        for (name, sleep) in sleeps {
            let start = read(1);
            sleep();
            println!("{} {}", name, read(1) - start);
        }
    }
}
