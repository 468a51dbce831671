"""Songs to be made and paid for: orders are placed, sent once each, and settled."""
