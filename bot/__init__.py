"""A Discord bot that looks up Suno tasks at gateways, watches them, and posts the finished songs.

The floors, from the top; nobody imports upwards, and siblings on a floor do not import each other:

    __main__    the command line
    app         opens, wires, runs and closes everything
    commands    what else an operator types: doctor, backup, forget-user, invite
    ordering    opens what orders need: prices, limits, the worker that sends them
    cogs        slash commands, loaded by name: declare, defer, call one feature, show
    ui          what people read and press, in four rooms; none of them knows the database:
        features        one command, one file
        outgoing        what the bot posts of its own accord
        interactions    who may, in which language, how answers and errors are sent; from a press to its handler
        render          texts, embeds, cards, buttons: made of values, pure
    client      the connection to Discord       monitor    how the bot fares, for machines that ask over HTTP
                                                reachability    whether Discord can be reached, and why not
    events      what Discord's connection brings, read once, or dropped
    single_send requests that discord.py must not send a second time
    services    what the bot does, without Discord
        polling         sources are asked for what is due; load, plan, save in one transaction
        delivery        messages are claimed, sent, and what happens when Discord refuses them
        orders          songs and lyrics are ordered, paid for once, and settled
    config, log settings and logging; only those above cogs know them
    environment what the operator wrote         setting_values, setting_faults    what settings take, and its faults
    gateways    what gateways and their media hosts say and take
    storage     what is stored: load and save, as named statements
    shutdown    how asyncio tasks are ended
    domain      values and rules: no I/O, no clock, no asyncio
    errors      the tree of errors

Words:

    task        one job at a gateway, which makes songs or lyrics
    clip        one rendering of a song in a task; a task usually makes two
    lyrics      the text of a song, or what a LYRICS task made
    gateway     an HTTP relay that speaks Suno; Discord's socket is "the Discord connection"
    status      ours: waiting, running, done, failed; a gateway's own word is kept for display
    final       will not change any more
    watch       a standing wish: this task, into that place, for that person
    snapshot    what is known of a watched task, and since when
    advance     one step of a watch after a poll
    poll source where tasks are asked for: one gateway, or all of them while it is not known which has a task
    update cycle    the rhythm in which a gateway changes all of its answers
    due, lease  when to ask or send next; how long a claim holds
    delivery    one message to Discord; the outbox is their table
    parked      a delivery that waits, and that others need not wait for
    poller      asks gateways for what is due          notifier    sends what is due
    poster      the port through which a delivery leaves
    destination the channel or DM that songs are posted to
    action, payload    what a button does, and what it carries for that
    order       a song or lyrics to be made and paid for; allowance    how many a person, a server, the operator may
"""

__version__ = "0.2.0"
