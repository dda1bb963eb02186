# Everything a developer or CI does, by name. `make` lists it.
SHELL := /bin/sh
TARGET := $(or $(CARGO_TARGET_DIR),target)/debug
# Where Clippy stands in for the compiler, as it does in CI, building is linting.
CLIPPY := $(if $(and $(filter %clippy-driver,$(RUSTC_WORKSPACE_WRAPPER)),$(CLIPPY_ARGS)),cargo build --workspace --all-targets,cargo clippy --workspace --all-targets -- -D warnings)
.DEFAULT_GOAL := help
.PHONY: help run dev demo build test lint fmt gen gen/settings gen/openapi gen/roles verify conformance conformance/check openapi/lint clients fuzz/api resilience bench db/reset tools web web/check web/e2e web/e2e/embedded web/e2e/cluster web/screens web/figures gen/web

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z\/]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Receivers on this machine may be called; what the environment says wins.
run dev: export HOOKYARD_OUTBOUND__ALLOW_HTTP ?= true
run dev: export HOOKYARD_OUTBOUND__ALLOWED_NETWORKS ?= 127.0.0.0/8
run dev: export HOOKYARD_LOG_FORMAT ?= text

run: ## Run Hookyard in embedded mode on http://127.0.0.1:8080, data in ./data
	@scripts/run.sh

dev: export HOOKYARD_LOG ?= info,worker=debug,gateway=debug,admin=debug
dev: ## As run, with more in the log
	@scripts/run.sh

demo: ## Watch deliveries and retries to receivers made for it
	cargo run --package server --bin hookyard -- demo

# Everything in one go: a part alone would choose other features of its dependencies and build them again.
build:
	cargo build --workspace --all-targets

test: tools build ## Run every test, on private PostgreSQL and Redis servers
	PATH="$(CURDIR)/.tools/python/bin:$$PATH" scripts/test.sh $(TARGET)

tools: ## Install what the tests need, or say what to install
	@scripts/tools.sh

lint: ## Check format, lints, licences and container files
	cargo fmt --all --check
	$(CLIPPY)
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: bans, licences and sources are not checked"; fi
	@scripts/lint_containers.sh

fmt: ## Format the code
	cargo fmt --all

gen: gen/settings gen/openapi gen/roles ## Write every made file but the dashboard's

gen/settings: build ## Write config.default.toml and docs/settings.md
	$(TARGET)/hookyard config --write .

gen/openapi: build ## Write openapi/*.json
	$(TARGET)/hookyard openapi --write openapi

gen/roles: build ## Write docs/roles.md
	$(TARGET)/hookyard roles --write docs/roles.md

verify: build ## Fail if a made file is not what the code says
	@scripts/verify.sh $(TARGET)/hookyard

conformance: build ## Write docs/conformance.md from what `make test` reported
	$(TARGET)/conformance

conformance/check: build ## Fail if docs/conformance.md is not what `make test` reported
	@if command -v cargo-nextest >/dev/null; then $(TARGET)/conformance --check; \
	else echo "cargo-nextest is not installed: docs/conformance.md is not checked"; fi

openapi/lint: ## Lint the OpenAPI documents with Spectral and Redocly
	@scripts/openapi_lint.sh

clients: build ## Prove the OpenAPI documents with generated clients
	scripts/clients.sh $(TARGET)/hookyard

fuzz/api: build ## Hold the API to its document with schemathesis; FUZZ_SECONDS is how long
	scripts/fuzz_api.sh $(TARGET)/hookyard

resilience: tools ## Run the fault scenarios, the races and the random visits at full size
	HOOKYARD_RESILIENCE=full cargo test --workspace --test it -- --test-threads=1 --nocapture resilience:: triggers::races triggers::replay

bench: ## Measure throughput and latency beside a raw ceiling
	cargo build --release --package server --bin hookyard
	cargo run --release --package testkit --bin bench

web/check: ## Check the dashboard: types, tests, size
	scripts/web_check.sh

web/e2e: web/e2e/embedded web/e2e/cluster ## Try the dashboard in a real browser

web/e2e/embedded: build ## Try all of it on SQLite
	scripts/web_e2e.sh $(TARGET)/hookyard embedded

web/e2e/cluster: build ## Try what depends on them on PostgreSQL and Redis
	scripts/web_e2e.sh $(TARGET)/hookyard cluster log endpoints visits

web/screens: build ## Write docs/screens: a picture of every page, with a platform in use behind it
	scripts/web_screens.sh $(TARGET)/hookyard

web/figures: ## Measure the dashboard in a browser, with 100,000 deliveries behind it; writes docs/dashboard-figures.md
	cargo build --release --package server --bin hookyard
	scripts/web_figures.sh target/release/hookyard

gen/web: ## Write the dashboard's types of the API
	@[ -x crates/testkit/js-tools/node_modules/.bin/openapi-typescript ] || scripts/js_tools.sh
	crates/testkit/js-tools/node_modules/.bin/openapi-typescript openapi/hookyard.json -o web/src/api/__generated__/schema.d.ts

web: ## Build the dashboard's pages; needs Node
	scripts/web.sh

db/reset: ## Throw away the embedded data of `make run`
	rm -rf data
