// Reads the clocks by every route that Go has ("read": NAME VALUE MONOTONIC), or sleeps 200 ms by every route ("sleep":
// NAME NANOSECONDS). Go calls the vDSO itself, without a C library.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const span = 200 * time.Millisecond

func systemCall(clock uintptr) int64 {
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

func steady() int64 { return systemCall(1) }

type route struct {
	name string
	read func() int64
}

type wait struct {
	name  string
	sleep func()
}

func untilInstant() {
	due := syscall.NsecToTimespec(time.Now().Add(span).UnixNano())
	syscall.Syscall6(syscall.SYS_CLOCK_NANOSLEEP, 0, 1, uintptr(unsafe.Pointer(&due)), 0, 0, 0)
}

func main() {
	reads := []route{
		{"time.Now", func() int64 { return time.Now().UnixNano() }},
		{"time.Now.Round", func() int64 { return time.Now().Round(0).UnixNano() }},
		{"Gettimeofday", func() int64 {
			var now syscall.Timeval
			syscall.Gettimeofday(&now)
			return now.Nano()
		}},
		{"syscall.Time", func() int64 {
			now, _ := syscall.Time(nil)
			return int64(now) * 1e9
		}},
		{"system-call", func() int64 { return systemCall(0) }},
	}
	sleeps := []wait{
		{"time.Sleep", func() { time.Sleep(span) }},
		{"time.After", func() { <-time.After(span) }},
		{"Ticker", func() { <-time.NewTicker(span).C }},
		{"WithTimeout", func() {
			limited, cancel := context.WithTimeout(context.Background(), span)
			defer cancel()
			<-limited.Done()
		}},
		{"WithDeadline", func() {
			limited, cancel := context.WithDeadline(context.Background(), time.Now().Add(span).Round(0))
			defer cancel()
			<-limited.Done()
		}},
		{"select", func() {
			left := syscall.NsecToTimeval(span.Nanoseconds())
			syscall.Select(0, nil, nil, nil, &left)
		}},
		{"clock_nanosleep", untilInstant},
	}
	if os.Args[1] == "read" {
		for _, each := range reads {
			before := steady()
			fmt.Println(each.name, each.read(), before)
		}
		return
	}
	for _, each := range sleeps {
		start := steady()
		each.sleep()
		fmt.Println(each.name, steady()-start)
	}
}
