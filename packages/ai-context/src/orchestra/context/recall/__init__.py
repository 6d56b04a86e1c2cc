"""Measures context recall on real commits, beside other ways, and learns the ranking's weights."""
