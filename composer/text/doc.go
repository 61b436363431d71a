// Package text turns a line of text of any script into a mask of coverage: it
// finds fonts, orders and shapes the runs (Unicode bidirectional algorithm,
// OpenType) and rasterises the outlines. The text may come from anybody:
// whatever it holds, a mask of bounded size results.
package text
