"""A local Discord and a local gateway, for the demo and the tests only.

local_discord   Discord's REST and gateway protocols on 127.0.0.1, and simulated people
local_gateway   a Suno gateway whose fake tasks progress in real time, with songs and covers
web             the demo's page; its protocol is in PAGE.md
guide           the steps that the demo suggests, in both languages
demo            `python -m bot demo`: both servers, and the unmodified bot
"""
