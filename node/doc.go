// Package node is a Conferencing Node: it finds the service behind an alias,
// hosts the media of conferences and answers calls. It wires signalling and
// engine together; it may be imported by cmd and bench.
package node
