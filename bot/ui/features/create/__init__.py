"""Creating songs: what people see of it, and press."""
