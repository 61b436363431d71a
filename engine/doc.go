// Package engine is the media of one process: conferences, the legs of their
// participants, the stage, views and renditions. It knows no signalling
// protocol: a leg is described by plain values, and what it wants to tell
// comes back through one function. It may be imported by signaling, node,
// cmd and bench.
//
// A conference has two goroutines of its own, one that mixes sound every 20 ms
// and one that composes pictures; each owns what it touches, and both read the
// list of legs from a snapshot that joining and leaving replace. Pictures are
// decoded by a goroutine per source and encoded on the engine's executor.
package engine
