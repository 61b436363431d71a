// Package codecs holds what every codec shares: the Picture, the audio and
// video formats, and the small interfaces that the libraries in its folders
// implement (one folder per native library). It is a leaf: it imports nothing
// of Parley and no C.
package codecs
