"""A local Discord that behaves like the real one where bots fail: real HTTP, a real WebSocket, real limits.

world           the state: users, servers, channels, messages, files
permissions     what a member may do in a channel
limits          validation of messages, forms and commands, with Discord's errors
messages        posting and editing messages
forums          posts in forum channels
interactions    interactions, from the person's action to the end of the token
people          simulated people: they type commands, press buttons, read
changes         what administrators change
hub             who receives which event
rest, socket    the APIs that a bot's library uses
ratelimits      rate limits; faults: injected faults
page            the API that the demo's page uses
server          all of it, on one port
redirect        points discord.py here
"""
