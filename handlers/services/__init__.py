"""Verbs of the domain: they decide and record, and never speak."""
