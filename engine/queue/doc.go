// Package queue holds the hand-overs between the stages of the media engine:
// Slot, where the newest picture wins, and Ring, a bounded queue of access
// units. It imports only codecs.
package queue
