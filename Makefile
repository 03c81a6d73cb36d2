# Works with GNU make 3.81, which macOS ships.
CARGO ?= cargo
# make run ARGS="--bind 127.0.0.1:8080"
ARGS ?=

.PHONY: help run

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' Makefile

run: ## Build Agentry and start it, with a PostgreSQL of its own unless DATABASE_URL is set
	@CARGO="$(CARGO)" sh scripts/prerequisites.sh
	@$(CARGO) run --bin agentry -- $(ARGS)
