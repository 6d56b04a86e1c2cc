"""`orchestra bench gateway`: what a call costs at each gateway, one process each, in one run."""
