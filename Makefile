# Everything a contributor runs. CI runs the same targets and nothing else.

GO       ?= go
MODULES  := . compat bench
BIN      := $(CURDIR)/bin
# Tests run twice in one process and in random order: a test that leans on
# another, or on a fresh process, fails.
TESTFLAGS ?= -race -shuffle=on

.PHONY: all lint test bench fmt fuzz demo clean

all: lint test

# The servers are started on free ports with throw-away data and stopped at
# the end; as root, missing Debian packages are installed first.
# HONE_TEST_POSTGRES and its like (see CONTRIBUTING.md) point the tests at
# running ones.
test:
	$(GO) run ./internal/testserver/run -install $(MAKE) --no-print-directory test-with-servers

.PHONY: test-with-servers
test-with-servers:
	$(GO) test $(TESTFLAGS) ./...
	$(GO) -C compat test $(TESTFLAGS) ./...
	$(GO) test -run '^$$' -bench . -benchtime 1x ./... # so that none rots
	$(GO) -C bench test -short -bench . -benchtime 1x ./...

lint: $(BIN)/gofumpt $(BIN)/staticcheck
	@for m in $(MODULES) tools internal/testserver/ferretdb; do (cd $$m && $(GO) mod tidy -diff) || exit 1; done
	@unformatted=$$($(BIN)/gofumpt -l .); test -z "$$unformatted" || \
		{ echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; }
	@for m in $(MODULES); do (cd $$m && $(GO) vet ./... && $(BIN)/staticcheck ./...) || exit 1; done

fmt: $(BIN)/gofumpt
	$(BIN)/gofumpt -w .

# One table: hone and its peers side by side in one run, medians as ratios.
bench:
	$(GO) -C bench run ./cmd/table

# http-cache-tests (https://cache-tests.fyi), the public suite for HTTP caches,
# against httpcache: the table, and a failure below what hone promises. As root
# on Debian, a missing node is installed first.
CACHE_TESTS := $(BIN)/http-cache-tests/node_modules/http-cache-tests

.PHONY: cache-tests
cache-tests: $(CACHE_TESTS)/package.json
	HONE_TEST_HTTP_CACHE_TESTS=$(CACHE_TESTS) $(GO) test -tags cachetests -count=1 -v -run '^TestSuite$$' ./httpcache/internal/conformance

$(CACHE_TESTS)/package.json:
	command -v npm >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends nodejs npm; }
	npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix $(BIN)/http-cache-tests http-cache-tests@0.4.5

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 30s
fuzz:
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:[0-9]*:func /:/' | \
	while IFS=: read -r file name; do \
		echo "$$name in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$$(dirname $$file) || exit 1; \
	done

demo:
	$(GO) run ./cmd/hone demo

$(BIN)/gofumpt $(BIN)/staticcheck: tools/go.mod
	$(GO) -C tools build -o $(BIN)/ mvdan.cc/gofumpt honnef.co/go/tools/cmd/staticcheck
	@touch $(BIN)/gofumpt $(BIN)/staticcheck

clean:
	rm -rf $(BIN)
