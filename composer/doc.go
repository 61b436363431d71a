// Package composer turns the pictures of participants into one composed
// picture. A Layout says, as data, where the cells lie; a Canvas is one view
// drawn with it, again and again; a Composer is what the canvases of one
// conference share: scaled cells, rasterised names and the memory of pictures.
//
// It decides nothing: who is shown where is the engine's matter. It imports
// only package codecs and the kernels and text below it.
package composer
