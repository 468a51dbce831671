"""An operator's commands: each takes the settings, does one thing, and returns the text to print."""
