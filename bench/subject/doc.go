// Package subject is what a bench measures: a node that it starts as a process
// of its own, or any process by its number. It reads what the process takes
// from /proc, so it is for Linux, and what a node tells of itself by HTTP.
package subject
