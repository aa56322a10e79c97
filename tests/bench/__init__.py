"""`make bench`: how fast Kitline answers, beside a bare handler, on one core each."""
