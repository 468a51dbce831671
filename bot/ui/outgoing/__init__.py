"""What the bot posts of its own accord."""
