"""Messages that the bot sends without being asked: posts of songs, notices to its owner."""
