"""`python -m bot doctor`: checks everything that the bot needs, and says what is wrong and what to do about it."""
