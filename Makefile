# Two commands are enough: `make up` runs Orchestra, `make test` proves it.
# Needed on the machine: Python ≥ 3.11, Node ≥ 20, git and make. The rest is installed below.

UV_VERSION := 0.13.9
PNPM_VERSION := 12.21.0
PYTHON ?= python3
REPO ?= .
ARGS ?=
NAME ?= stream
AGENTS ?= .tools/agents/node_modules/.bin
AGENT_PACKAGES ?= @anthropic-ai/claude-code@2.1.331 @openai/codex@0.169.0 droid@0.215.0 node@24.21.0

export PATH := $(CURDIR)/.tools/py/bin:$(CURDIR)/.tools/node_modules/.bin:$(CURDIR)/node_modules/.bin:$(PATH)
export TURBO_TELEMETRY_DISABLED := 1
export DO_NOT_TRACK := 1

TURBO := turbo run --continue --concurrency=100% --output-logs=errors-only --log-order=grouped
READY := .venv/.ready node_modules/.ready

.PHONY: up build test test-mcp test-agents test-models lint fix bench requirements clean help
.DEFAULT_GOAL := help

up: build ## Run it: make up REPO=path/to/a/repository ARGS="--port 0 --no-browser"
	@.venv/bin/orchestra up --repo "$(REPO)" $(ARGS)

build: $(READY) ## Build the dashboard
	@$(TURBO) build --filter=@orchestra/frontend

test: $(READY) ## Lint, type-check, test and build everything that changed
	@$(TURBO) lint typecheck test build //#lint:repository //#typecheck:repository //#test:repository

test-mcp: $(READY) ## Run the MCP conformance suite and inspector against our application
	@.venv/bin/python -m tests.mcp_conformance

test-agents: $(READY) $(filter .tools/agents/%,$(AGENTS)) ## Run real agents against a scripted model: make test-agents AGENTS=folder/of/programs
	@uv run --frozen pytest -q -rs tests/agents --agents-bin "$(AGENTS)" --agents-report .tools/agents/report $(ARGS) \
		; code=$$?; cat .tools/agents/report/report.md; exit $$code

test-models: $(READY) ## Run the model gateway over Portkey's own, under Node
	@uv run --frozen pytest -q -rs tests/models apps/api/tests/test_models_failover.py \
		apps/api/tests/test_models_portkey.py --models $(ARGS)

lint: $(READY) ## Only lint and type-check
	@$(TURBO) lint typecheck //#lint:repository //#typecheck:repository

fix: $(READY) ## Format, and mend what can be mended by itself
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format . ; biome check --write .

bench: $(READY) ## Measure: make bench NAME=stream
	@.venv/bin/orchestra bench $(NAME) $(ARGS)

requirements: $(READY) ## Print what is promised, and what is proven
	@.venv/bin/python -m tests.requirements

clean: ## Remove everything that was installed or built here
	rm -rf .venv .tools .turbo node_modules apps/*/node_modules packages/*/node_modules
	rm -rf apps/*/dist packages/*/dist apps/*/.turbo packages/*/.turbo .mypy_cache .ruff_cache

help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/.ready: uv.lock pyproject.toml $(wildcard apps/*/pyproject.toml packages/*/pyproject.toml) | .tools/py/bin/uv
	@echo "installing the Python workspaces …"
	@uv sync --frozen --quiet --all-packages
	@touch $@

node_modules/.ready: pnpm-lock.yaml package.json pnpm-workspace.yaml $(wildcard apps/*/package.json packages/*/package.json) | .tools/node_modules/.bin/pnpm
	@echo "installing the Node workspaces …"
	@pnpm install --frozen-lockfile --silent
	@touch $@

# Debian's Python may lack `ensurepip`; then pip itself, if there is one, puts uv in place.
.tools/py/bin/uv:
	@echo "installing uv $(UV_VERSION) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .tools/py >/dev/null 2>&1 \
		&& .tools/py/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
		|| { rm -rf .tools/py; $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools/py uv==$(UV_VERSION); }

# What cannot be installed is skipped by the tests, which say so.
.tools/agents/node_modules/.bin:
	@echo "installing $(AGENT_PACKAGES) …"
	@mkdir -p .tools/agents
	@npm install --silent --no-save --no-fund --no-audit --prefix .tools/agents $(AGENT_PACKAGES) \
		|| echo "npm could not install them all; set AGENTS to a folder that has claude, codex and droid"

.tools/node_modules/.bin/pnpm:
	@echo "installing pnpm $(PNPM_VERSION) …"
	@node -e 'process.exit(+(+process.versions.node.split(".")[0] < 20))' || { echo "Node 20 or newer is needed"; exit 1; }
	@npm install --silent --no-save --no-fund --no-audit --prefix .tools pnpm@$(PNPM_VERSION)
