"""Stand-ins for Twilio and Telegram: small servers that hold state and can be told to fail."""
