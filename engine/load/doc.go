// Package load keeps account of what an engine can bear: what the work of a
// participant costs on this machine, how much of it is in use, and which step
// of quality holds while there is too much. All but Measure and Usage are pure
// functions of what they are told. It imports only codecs.
package load
