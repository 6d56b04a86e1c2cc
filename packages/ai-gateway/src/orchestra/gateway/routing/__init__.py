"""Who is asked for an answer, in which order, and what happens when that goes wrong."""
