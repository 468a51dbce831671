"""What an operator types: each command takes the settings, does one thing, and gives the text to print."""
