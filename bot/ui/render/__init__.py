"""What people read, made of values: texts, embeds, cards, buttons. Knows nobody's rights and asks nobody."""
