"""A Discord bot that looks up Suno tasks at gateways, watches them, and posts the finished songs.

The layers, from the top. Nobody imports upwards, and modules of one layer do not import each other:

    __main__      the command line
    app           opens, wires, runs and closes everything
    commands      the other commands of an operator: doctor, backup, move, forget-user, invite, orders
    ordering      wires the parts that order songs, for app and for `orders`
    cogs          slash commands, loaded by name: they declare options, defer, and call one feature
    ui            texts, cards and buttons, in four packages; uses services, never storage
      features      what each command and its buttons do: one command, one file
      outgoing      messages sent without being asked: the poster, notices to the bot's owner
      interactions  shared by all commands and buttons: access, dispatch, replies, forms, errors
      render        values as texts, embeds, cards and components: pure
    client        the bot as Discord sees it: its commands and what it does on events
    monitor       health checks and metrics over HTTP
    reachability  reports that Discord cannot be reached, and why
    shards        the connections to Discord: one per shard, each by itself
    session_starts  when a shard may IDENTIFY
    events        events from Discord's connections: each is handled once
    single_send   requests that discord.py must not send a second time
    outage        why Discord cannot be reached, in words
    services      what the bot does, without Discord
      polling       load, plan, save: the poller, a source per gateway, back-off, repeated answers
      delivery      claim, send, record: the notifier, the sender, failures, live cards
      orders        songs to be made and paid for
      library       songs are found again and starred; earlier posts are added
      charts        a weekly post of the most starred songs
      playlists     lists of songs, a person's own or a server's
      archives      songs as ZIP files, in parts
    config, log   settings and logging; only the layers above cogs use them
    environment   reads environment variables and `.env`; setting_values, setting_faults: their types and errors
    gateways      what gateways and media hosts say: requests, decoding, relaying of audio
      dialects      field names, status words and sentences of gateways, translated into tasks
    storage       what is stored: named statements, no decisions
    off_loop      work on files, off the event loop
    shutdown      ends asyncio tasks and the program
    domain        values and rules: no I/O, no clock, no asyncio
    errors        the tree of errors

Words:

    task          one job at a gateway, which makes songs or lyrics; `asyncio.Task` is always written out
    clip          one rendering of a song in a task; a task usually has two, and people call them takes
    lyrics        the text of a song, or the result of a LYRICS task
    gateway       an HTTP relay that speaks Suno; Discord's socket is "the Discord connection"
    status        ours: waiting, running, done, failed; a gateway's own word is kept for display
    final         will not change any more
    library       every song that was posted or shown, to be found again; a song of it is one clip in one channel
    watch         a standing request: post this task's results in that channel, for that person
    snapshot      what is known of a watched task
    batch         many ids in one request to a gateway; `domain/batch` and `services/batches`: the ids that a person
                  gave to `/suno batch`
    poll          one request for the status of due tasks, and what follows from the answer
    advance       one step of a watch: the deliveries that follow from a poll
    update        one moment at which a gateway changes all its answers
    update cycle  how often, and when, updates happen
    due, lease    when to act next; how long a claim on a row is valid
    claim         takes due rows for one worker, until their lease ends: a worker that dies loses them
    leader        the one of several processes that works, by a lease of its own; the others are standbys
    epoch, term   the number of a lease of the leader, and the time for which it lasts
    delivery      one message to be posted in Discord; the outbox is their table
    poller        polls due tasks at the gateways
    notifier      sends due deliveries
    live card     a message that shows the progress of watched tasks, and is edited
    shard         a connection to Discord for the events of a part of the servers
    session       what a shard starts by IDENTIFY, and resumes after an outage
    poster        the port through which a delivery is sent to Discord
    order         a request to make a song, which the operator's key pays for; its states: `domain/order.OrderState`
    maker         the person who orders it
    draft, quote  an order that is not confirmed yet; what its card says of price and limits
    unsure        an order whose answer was lost: it may have been charged, and is settled by evidence or by a person
    allowance     how many orders a person, a server and everybody together may place
"""

__version__ = "0.2.0"
