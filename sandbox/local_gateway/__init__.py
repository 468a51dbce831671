"""A Suno gateway on 127.0.0.1, with fake tasks that progress in real time, in every dialect.

fake_task   a task's state at any moment
dialects    the body of an answer in each dialect
server      the fetch API, injected faults, and a media host
seen        faults as real gateways show them
orders      the submit API, prices and charges
tcp_proxy   a connection to a server that can be cut
extras      timed lyrics, WAV and video of a song
songs       audio and covers, made from short loops
demo        the tasks of the demo
"""
