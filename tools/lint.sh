#!/usr/bin/env bash
# Checks form and the usual mistakes. The linter is pinned here and compiled
# once into .cache/bin, which takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

golangci=v2.15.0

bin=$PWD/.cache/bin
stamp=$bin/golangci-lint-$golangci-$(go env GOVERSION)
if [ ! -x "$stamp" ]; then
	echo "compiling golangci-lint $golangci into .cache/bin"
	mkdir -p "$bin"
	rm -f "$bin"/golangci-lint*
	GOFLAGS=-buildvcs=false GOBIN=$bin CGO_ENABLED=0 go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci"
	mv "$bin/golangci-lint" "$stamp"
fi

mapfile -t files < <(git ls-files -co --exclude-standard '*.go')
unformatted=$(gofmt -l "${files[@]}")
if [ -n "$unformatted" ]; then
	echo "not formatted with gofmt:" >&2
	echo "$unformatted" >&2
	exit 1
fi
go vet ./...
go vet -tags e2e ./...
"$stamp" run --build-tags e2e ./...
