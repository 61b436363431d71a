// Package h264 makes one H.264 picture of several separately encoded bands.
//
// A band is a full-width stack of macroblock rows with an encoder of its own.
// Receivers whose pictures differ in one band only share the encoders of all
// others: a [Source] reads an encoder's stream, and a receiver's [Stitcher]
// puts the slices of his bands into one access unit by rewriting their headers
// (ITU-T H.264 section 7.3.3); macroblock data is copied bit by bit.
//
// That is exact if every band's motion stays in it: at each seam both bands
// end in 32 flat rows of one colour, and vectors reach no more than 32 rows. A
// slice that begins inside a band's first row needs these rows too. Encoders
// use one reference, no B slices, no weighted prediction and one entropy mode.
//
// No decoder notices a P slice whose reference is another than its encoder
// had. The stitcher therefore knows which frame of which source a band of the
// decoder holds, and refuses what does not follow it.
//
// The package is plain Go without other packages of Parley.
package h264
