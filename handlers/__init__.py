"""The inside: the engine, one file per conversation, and the domain services."""
