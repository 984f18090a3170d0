// The eapache breaker of Go for `benchmarks/run breaker-cost`: the figures that Breaker/Main.swift
// prints, taken in the same way.
package main

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"gopkg.in/eapache/go-resiliency.v1/breaker"
)

const repeats = 10000
const callsEach = 200000

//go:noinline
func work() error { return nil }

// Not inlined, as it is not for Baedal: the compiler would move the reads out of the loop.
//
//go:noinline
func call(b *breaker.Breaker) error { return b.Run(work) }

func allocations() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

func cost(b *breaker.Breaker) (best, perCall float64) {
	best = math.Inf(1)
	for round := 0; round < 60; round++ {
		before := time.Now()
		for i := 0; i < repeats; i++ {
			call(b)
		}
		best = math.Min(best, float64(time.Since(before).Nanoseconds())/repeats)
	}
	counted := allocations()
	for i := 0; i < repeats; i++ {
		call(b)
	}
	return best, float64(allocations()-counted) / repeats
}

func together(threads int) float64 {
	b := breaker.New(10, 1, time.Hour)
	best := math.Inf(1)
	for round := 0; round < 20; round++ {
		var arrived, taken int64
		var group sync.WaitGroup
		for thread := 0; thread < threads; thread++ {
			group.Add(1)
			go func() {
				defer group.Done()
				atomic.AddInt64(&arrived, 1)
				for atomic.LoadInt64(&arrived) < int64(threads) {
				}
				before := time.Now()
				for i := 0; i < callsEach; i++ {
					call(b)
				}
				atomic.AddInt64(&taken, time.Since(before).Nanoseconds())
			}()
		}
		group.Wait()
		best = math.Min(best, float64(taken)/float64(threads*callsEach))
	}
	return best
}

func main() {
	shut := breaker.New(1, 1, time.Hour)
	shut.Run(func() error { return errors.New("down") })
	success, successAllocations := cost(breaker.New(10, 1, time.Hour))
	rejection, rejectionAllocations := cost(shut)
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"success_ns": success, "success_allocations": successAllocations,
		"rejection_ns": rejection, "rejection_allocations": rejectionAllocations,
		"one_thread_ns": together(1), "two_threads_ns": together(2),
	})
}
