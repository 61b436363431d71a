// Package load makes the load of a bench: many callers who call by SIP, send
// clips that were encoded before and count what they are sent, at next to no
// cost. Few of them, the probes, decode what they get and tell from the marks
// in it what the conference server did to it.
//
// Callers are moved by pumps: one goroutine each, which wakes every few
// milliseconds, sends what is due of all its callers and drains their sockets.
// Times of arrival are the kernel's, so that they are true however late the
// pump comes. It is for Linux.
package load
