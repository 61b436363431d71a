// Package e2e holds the tests in which other people's programs judge a node:
// baresip and linphone call it, sipp scripts it, tshark reads what it sends,
// ffprobe what was recorded, and FFmpeg, OpenH264 and Chromium decode stitched
// pictures. They need the build tag e2e; the one with OpenH264 needs the tag
// openh264 too. The package has no code of its own and is imported by nobody.
package e2e
