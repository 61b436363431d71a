// Package fake holds codecs in plain Go for builds without native libraries
// and for tests: their packets look like those of the real codecs to whatever
// carries them, but they only keep the mean colours of blocks, and plain samples
// of sound. No other program can decode them.
package fake
