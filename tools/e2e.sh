#!/usr/bin/env bash
# Runs the tests that call real phones and tools: those in files with the build tag e2e.
# The tag openh264 brings in a library that nothing else is linked with.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages < <(git ls-files -co --exclude-standard '*_test.go' | xargs -r grep -lE '^//go:build .*\be2e\b' | xargs -r -n1 dirname | sort -u | sed 's#^#./#')
if [ ${#packages[@]} -eq 0 ]; then
	echo "no end-to-end tests"
	exit 0
fi
go test -tags e2e,openh264 -count=1 -timeout 15m -p 1 "${packages[@]}"
# A thousand calls, set up and torn down, leave nothing behind.
PARLEY_TEST_CALLS=1000 go test -count=1 -timeout 15m -run TestManyCallsLeaveNothing -v ./bench/behaviour
