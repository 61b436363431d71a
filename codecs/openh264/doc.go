// Package openh264 decodes H.264 with Cisco's OpenH264, so that tests have the
// opinion of a second decoder, one that has nothing in common with FFmpeg's.
// Only tests import it. It is built with the tag openh264 only, as it needs the
// library (third_party/install.sh e2e).
package openh264
