"""The whole system, as the people who use it meet it."""
