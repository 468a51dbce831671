"""A local Discord and a local gateway, for the demo and for the tests; nothing else imports them.

local_discord   Discord's REST and socket on 127.0.0.1, and people who act in it
local_gateway   a Suno gateway whose tasks live in real time, with songs and covers
web             the page of the demo, which speaks the protocol of PAGE.md
guide           what there is to try in the demo, in both languages
demo            `python -m bot demo`: both of them, and the unmodified bot
"""
