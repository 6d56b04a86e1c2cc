"""Real coding agents, offline: what `orchestra connect` writes, as they take it. `make test-agents`."""
