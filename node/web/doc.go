// Package web is what a node shows over HTTP: one page for people with the
// running conferences and a live picture of each view, the same as JSON and as
// a stream of events, metrics for Prometheus, and health. It only reads: there
// is nothing to be changed over it. It gets all it shows through functions, so
// that it knows of the engine only what a status is; only node imports it.
package web
