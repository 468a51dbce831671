"""Values and rules: no I/O, no clock, no asyncio, no Discord."""
