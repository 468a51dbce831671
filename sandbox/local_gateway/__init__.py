"""A Suno gateway on 127.0.0.1, whose tasks live in real time, in every dialect.

life        what is true of a task at a moment
dialects    how a dialect says it
server      the fetch API, faults to order, and a media host of its own
line        the way to it, which can be cut
extras      timed lyrics, WAV and video of a song
songs       sounds and covers, made of short loops
demo        the tasks of the demo
"""
