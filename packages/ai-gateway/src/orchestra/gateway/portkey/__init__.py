"""Portkey's gateway as a layer between us and the providers: a child of ours, or a service elsewhere."""
