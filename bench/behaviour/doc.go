// Package behaviour holds the tests of what must hold in a conference, judged
// by what callers really receive over SIP and RTP from a node in the same
// process, with the real codecs: which face is in which cell, whose tone is in the sound. It has no
// code of its own and is imported by nobody.
package behaviour
