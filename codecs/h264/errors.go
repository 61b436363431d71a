package h264

import (
	"errors"
	"fmt"
)

// Errors of streams and bands, wrapped with what was found.
var (
	// ErrSyntax: the bytes are not what ITU-T H.264 says, or end too early.
	ErrSyntax = errors.New("h264: bad syntax")
	// ErrUnsupported: valid H.264 that cannot be part of a stitched picture.
	ErrUnsupported = errors.New("h264: not possible in a stitched picture")
	// ErrNoParameters: a slice without the SPS and PPS that it names.
	ErrNoParameters = errors.New("h264: no parameter sets")
	// ErrMismatch: size or parameter sets of a band do not fit the receiver's picture.
	ErrMismatch = errors.New("h264: band does not fit the picture")
)

// IntraError says that the picture cannot be made before some bands have an
// intra frame: theirs does not follow what the decoder holds, or an IDR
// picture is wanted.
type IntraError struct {
	Bands []int // ascending, 0 is the uppermost
}

// Error implements error.
func (e *IntraError) Error() string {
	return fmt.Sprintf("h264: bands %v need an intra frame", e.Bands)
}

// BandError is an error of one band.
type BandError struct {
	Band int
	Err  error
}

// Error implements error.
func (e *BandError) Error() string { return fmt.Sprintf("band %d: %v", e.Band, e.Err) }

// Unwrap returns the cause.
func (e *BandError) Unwrap() error { return e.Err }

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

func syntax(what string) error { return fmt.Errorf("%w: %s", ErrSyntax, what) }
