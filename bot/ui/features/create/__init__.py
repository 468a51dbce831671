"""Ordering songs and lyrics: commands, cards, lists and notices."""
