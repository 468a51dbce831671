"""Orders of songs, which are paid for: placed, sent once each, and settled."""
