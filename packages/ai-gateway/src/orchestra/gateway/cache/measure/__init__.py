"""The measurement behind `orchestra bench cache`: labelled prompts, what would be given, what was wrong."""
