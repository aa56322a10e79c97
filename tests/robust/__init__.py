"""Crashes, races and long random stories."""
