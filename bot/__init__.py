"""A Discord bot that looks up Suno tasks at gateways, and brings the finished songs.

The floors, from the top; nobody imports upwards, and siblings on a floor do not import each other:

    __main__    the command line
    app         opens, wires, runs and closes everything      operation    the other commands of an operator
    cogs        slash commands, loaded by name: declare, defer, call one service, show
    ui          what people read and press: texts, embeds, cards, buttons
    client      the connection to Discord       monitor    how the bot fares, for machines that ask over HTTP
                                                reachability    whether Discord can be reached, and why not
    events      what Discord's connection brings, read once, or dropped
    unrepeated  requests that discord.py must not send a second time
    services    what the bot does, without Discord
    config, log settings and logging; only those above cogs know them
    environment what the operator wrote         setting_values, setting_faults    what settings take, and its faults
    gateways    what gateways and their media hosts say      storage    what we remember
    ending      how tasks of asyncio are ended
    domain      values and rules: no I/O, no clock, no asyncio
    errors      the tree of errors

Words:

    task        one job at a gateway, which makes songs or lyrics
    clip        one rendering of a song in a task; a task usually makes two
    lyrics      the text of a song, or what a LYRICS task made
    gateway     an HTTP relay that speaks Suno; Discord's socket is "the Discord connection"
    status      ours: waiting, running, done, failed; a gateway's own word is kept for display
    settled     will not change any more
    watch       a standing wish: this task, into that place, for that person
    sight       what is known of a watched task, and since when
    advance     one step of a watch: what is owed, now that the task was looked at
    tick        one moment at which a gateway changes all of its answers; its rhythm is what is known of them
    due, lease  when to look next; how long a claim on it holds
    delivery    one message owed to Discord; the outbox is their table
    poller      asks gateways for what is due          notifier    brings what is owed
    poster      the port through which a delivery leaves
"""

__version__ = "0.2.0"
