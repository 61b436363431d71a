#!/usr/bin/env bash
# Runs every fuzz target for the time given: tools/fuzz.sh 10s
# Making each new input as short as can be, for up to a minute, would take nearly
# all of a short time, so that only a few tries are given to it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
count=0
while IFS=: read -r file target; do
	package=./$(dirname "$file")
	echo "fuzz $package $target $time"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$package"
	count=$((count + 1))
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs -r grep -oH '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func /:/')
echo "$count fuzz targets ran"
[ "$count" -gt 0 ]
