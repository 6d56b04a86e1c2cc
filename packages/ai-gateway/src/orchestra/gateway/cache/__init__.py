"""Answers that may be given again: the exact tier, and the semantic one behind a bound on its errors."""
