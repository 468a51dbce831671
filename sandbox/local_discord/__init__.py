"""A local Discord, faithful where bots have been bitten: real HTTP, a real socket, real limits of length and time.

world           who and what there is: users, servers, channels, messages, files
permissions     what a member may do in a channel
limits          what Discord refuses, and how it says so
messages        posting and editing, with all that goes with it
interactions    the life of an interaction, from its birth to the end of its token
people          people who act: they type commands, press buttons, read
rest, socket    what a bot's library talks to
page            what the demo's page talks to
server          all of it, on one port
redirect        discord.py, pointed here
"""
