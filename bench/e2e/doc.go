// Package e2e holds the tests in which other people's programs judge a node:
// baresip and linphone call it, sipp scripts it, tshark reads what it sends,
// ffprobe what was recorded. They need the build tag e2e. The package has no
// code of its own and is imported by nobody.
package e2e
