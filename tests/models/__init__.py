"""The gateway over Portkey's, which needs Node: run by `make test-models`."""
