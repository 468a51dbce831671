"""Messages to Discord: claimed from the outbox, sent, and what happens when Discord refuses them."""
