//go:build e2e && openh264 && cgo

package e2e

import "parley/codecs/openh264"

func newOpenH264() (reordering, error) { return openh264.New() }
