"""What each command and its buttons do: one command, one file."""
