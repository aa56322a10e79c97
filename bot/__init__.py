"""The outside: web, channels, worker, wiring, command line."""
