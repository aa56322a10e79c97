"""How a conversation is declared and advanced; knows no flow by name."""
