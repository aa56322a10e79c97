"""What we say and what people type when they mean something."""
