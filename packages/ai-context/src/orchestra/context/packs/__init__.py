"""Packs: what an agent needs to know for a task, within a budget of tokens."""
