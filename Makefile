# Every target with ## is listed by `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Recipes find Go when they run: `deps` may just have fetched it.
WITH_GO = export PATH="$$(third_party/go.sh):$(CURDIR)/.cache/bin:$$PATH" GOFLAGS="-buildvcs=false $${GOFLAGS:-}";
VERSION = $$(git describe --tags --always --dirty 2>/dev/null || echo unknown)

FUZZTIME ?= 10s
BENCHTIME ?= 1s
DEMO ?=
TESTTIMEOUT ?= 10m

.PHONY: help deps pages build demo run test race asan nocgo fuzz lint e2e bench clean

help: ## show this list
	@awk -F' *## *' '/^[a-z0-9]+:.*## / { sub(/:.*/, "", $$1); printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what third_party/deps.tsv lists (apt), and Go if there is none
	@third_party/install.sh build test

pages: deps ## the admin pages, which become a part of bin/parley
	@tools/pages.sh

build: deps pages ## make bin/parley
	@$(WITH_GO) CGO_ENABLED=1 go build -ldflags "-X main.version=$(VERSION)" -o bin/parley ./cmd/parley
	@echo "bin/parley $(VERSION)"

demo: build ## a conference with callers that the program makes; dial in and open the page (DEMO="--callers 3")
	@bin/parley demo $(DEMO)

run: build ## start a node (with parley.yaml if there is one)
	@if [ -e parley.yaml ]; then exec bin/parley serve --config parley.yaml; else exec bin/parley serve; fi

test: deps ## all tests but the end-to-end ones
	@$(WITH_GO) go vet ./... && go test -timeout $(TESTTIMEOUT) ./...

race: deps ## all tests under the race detector
	@$(WITH_GO) go test -race -timeout $(TESTTIMEOUT) ./...

asan: deps ## tests of the packages with C under the address sanitizer
	@$(WITH_GO) CGO_CFLAGS="-O1 -g" go test -asan -timeout $(TESTTIMEOUT) ./codecs/... ./composer/...

nocgo: deps ## vet and test with no C at all
	@$(WITH_GO) CGO_ENABLED=0 go vet ./... && CGO_ENABLED=0 go test -timeout $(TESTTIMEOUT) ./...

fuzz: deps ## each fuzz target for a short time (FUZZTIME=10s)
	@$(WITH_GO) tools/fuzz.sh $(FUZZTIME)

lint: deps ## gofmt, go vet and golangci-lint
	@$(WITH_GO) tools/lint.sh

e2e: deps pages ## tests against real phones and tools (installs them)
	@third_party/install.sh e2e
	@$(WITH_GO) tools/e2e.sh

bench: deps ## micro-benchmarks (BENCHTIME=1s), the pixel kernels beside libyuv and swscale, a conference beside its codecs
	@third_party/install.sh bench
	@$(WITH_GO) go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	@$(WITH_GO) PARLEY_BENCH=1 go test -tags rivals -count 1 -run '^TestKernelTable$$' -v ./composer/pixel/rivals
	@$(WITH_GO) PARLEY_BENCH=1 go test -count 1 -run '^TestMeasure$$' -v ./bench/capacity

clean: ## remove what was built; the Go and the linter in .cache stay
	@rm -rf bin mgmt/pages/files/built web/admin/node_modules
