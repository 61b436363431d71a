//go:build e2e && !(openh264 && cgo)

package e2e

import "errors"

func newOpenH264() (reordering, error) {
	return nil, errors.New("built without OpenH264: go test -tags e2e,openh264 (third_party/install.sh e2e installs the library)")
}
