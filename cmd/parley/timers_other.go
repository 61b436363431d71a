//go:build !linux

package main

// coarseTimers does nothing where timers have no slack that can be set.
func coarseTimers() {}
