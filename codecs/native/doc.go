// Package native gives the codecs of this build: those of the native libraries
// with cgo, those of package fake without. G.711 is the same in both.
package native
