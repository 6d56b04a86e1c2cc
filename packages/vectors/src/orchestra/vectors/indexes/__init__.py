"""The stores: one file for each; none is imported before it is chosen."""
