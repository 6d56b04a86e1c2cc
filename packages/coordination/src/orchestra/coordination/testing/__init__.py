"""For tests of whoever is governed."""
