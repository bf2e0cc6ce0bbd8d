// A resolver that prefers upstreams which answer fast, in the way of the one that stopped at midnight of 2017-01-01: it
// measures by the wall clock, as every Go program did before 1.9, and draws a number below what it has measured.
package main

import (
	"fmt"
	"math/rand"
	"time"
)

// wall is time.Now without its reading of the monotonic clock.
func wall() time.Time { return time.Now().Round(0) }

// ask stands for a question to an upstream.
func ask() time.Duration {
	begin := wall()
	time.Sleep(20 * time.Millisecond)
	return wall().Sub(begin)
}

func main() {
	fmt.Println("resolver: serving")
	for {
		took := ask()
		// Upstreams that take longer are drawn less often. A duration that is not positive has never been thought of.
		if rand.Int63n(int64(took)) >= 0 {
			fmt.Printf("resolver: answered in %v\n", took.Round(time.Millisecond))
		}
	}
}
