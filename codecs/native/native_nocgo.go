//go:build !cgo

package native

import (
	"parley/codecs"
	"parley/codecs/fake"
)

// Codecs returns the codecs of this build.
func Codecs() codecs.Set { return fake.Codecs() }
