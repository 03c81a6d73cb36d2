# Works with GNU make 3.81, which macOS ships.
CARGO ?= cargo
# make run ARGS="--bind 127.0.0.1:8080"
ARGS ?=
# Tools that `make check` installs for itself live here.
TOOLS := $(CURDIR)/.tools
CARGO_DENY_VERSION := 0.20.2

.PHONY: help run test check test-clients schema bench bench-search

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' Makefile

run: ## Build Agentry and start it, with a PostgreSQL of its own unless DATABASE_URL is set
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh
	@$(CARGO) run --bin agentry -- $(ARGS)

test: ## Run every Rust test, unit and end to end, on a real PostgreSQL
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh curl
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace

check: $(TOOLS)/bin/cargo-deny ## Formatting, lints, documentation, dependencies, and whether schema.graphql is fresh
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --document-private-items
	PATH="$(TOOLS)/bin:$$PATH" $(CARGO) deny --offline check bans licenses sources
	$(CARGO) run --quiet --bin agentry -- schema | diff schema.graphql - || { echo "schema.graphql is stale: run make schema"; exit 1; }

test-clients: ## Real clients, a real browser, better-auth and the policy prover, against a real server (needs Node.js and Python)
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh
	$(CARGO) build --workspace --bins
	$(CARGO) build --package agentry-phone --example read_numbers
	sh scripts/test-clients.sh

schema: ## Write schema.graphql anew
	$(CARGO) run --quiet --bin agentry -- schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

bench: ## Measure the release build beside pgbench on the same statements
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh
	@CARGO="$(CARGO)" sh scripts/bench.sh

bench-search: ## Measure searching in many messages
	@CARGO="$(CARGO)" sh scripts/bench-search.sh

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --quiet --root $(TOOLS) cargo-deny --version $(CARGO_DENY_VERSION)
