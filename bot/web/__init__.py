"""The web: webhooks for the providers, public pages, the demo."""
