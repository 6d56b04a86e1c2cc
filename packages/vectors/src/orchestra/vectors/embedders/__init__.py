"""The embedders: one file for each; none is imported before it is chosen."""
