"""One room per channel, all rooms alike."""
