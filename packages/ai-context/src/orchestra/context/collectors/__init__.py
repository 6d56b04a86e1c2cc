"""Who finds out what is true now: one file for each source of facts."""
