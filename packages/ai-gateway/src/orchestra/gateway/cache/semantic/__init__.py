"""Answers by likeness: guards, agreement of neighbours, and a threshold with a bound."""
