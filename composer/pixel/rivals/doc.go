// Package rivals scales pictures with libyuv and libswscale, so that the
// kernels of package pixel can be measured beside them in one run. Nothing but
// its own test imports it. It is built with the tag rivals only, as it needs
// libyuv (third_party/install.sh bench):
//
//	PARLEY_BENCH=1 go test -tags rivals -run '^TestKernelTable$' -count 1 -v ./composer/pixel/rivals
package rivals
