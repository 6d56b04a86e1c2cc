"""Stand-ins for vector stores: an exact one in memory, and servers that speak the real protocols."""
