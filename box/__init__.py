"""Box files, indexes, accounts for and backs up what is dropped into a folder, and loses nothing when the power goes.

    events in  ->  log  ->  projections  ->  rules  ->  jobs  ->  effects  ->  status out
    watchers/      log      models/          rules     queue      tasks/       status

The map, one line a module, in the order of that sentence:

    watchers    EVENTS IN: doorbell, settle, one look, the inboxes, the library
    watching    the inboxes, from doorbell to log
    newcomers   a folder that somebody makes in users/ becomes a user
    imports     cards and folders elsewhere: is there something new?
    sweeps      the library compared with the projections
    events      the vocabulary: what can happen
    event       what an event is
    job_events  its words for jobs
    photo_events and for photos
    library_events and for texts
    feed_events and for feeds
    quota_events and for quotas
    retention_events and for what goes and what stays
    backup_events and for backups
    event_text  events as the log writes them
    log         the append-only table of what happened
    archive     compressed JSON lines in files: a chain of old events, and old jobs
    engine      record(): append, fold, react, commit, wake; rebuild()
    models      PROJECTIONS and tables: drops, files, photos, usage, jobs; the database
    questions   what rules may ask of the projections
    policy      what the owner decided, as far as rules need it
    rules       what follows from what: twenty-five numbered rules
    group_rules what of that is about files that belong together
    library_rules and what about texts
    feed_rules  and what about feeds
    claims      a job is claimed with a lease, alone or with its like
    client      asking for jobs and looking at them from Python
    queue       huey on the ledger: workers and scheduler
    tasks       EFFECTS: the handlers, the children they run in, landing, recovery
    photos      what a task needs to know about pictures
    library     and about texts
    web         and about what lies on other machines
    retention   which photos go, and when none may
    backup      and about drives that hold the library once more
    disk        moving files: by rename, durably, never over another
    file_names  a name that is taken gets a number, and none is too long
    standing    what the projections say is wrong
    status      projections to status.json
    backup_status how the backups are
    status_file reading the status: what it says, and whether it is fresh
    metrics     counts and gauges to metrics.prom
    meters      what this process counted and timed
    exposition  every metric there is, as Prometheus reads it
    service     builds everything
    serving     a box at work: the loop of `box run` and `box once`
    beside      how a command gets at the log beside the service
    tally       what became of the drops of a run
    upkeep      what is done by the clock
    room        photos are asked to go when the disk fills up
    timers      one list of timers
    timekeeper  jobs by the clock: asked for when they are due
    periodic    when a job by the clock is due: cron, intervals, clocks that jump
    compaction  what is old goes from the database to the archive
    verify      log = projections = disk = sums
    library_checks and the texts beside their index
    search      what the library holds about something
    photo_search which photos are meant
    text_search which texts are meant
    vector_search which texts say the same in other words
    snippets    the piece of a text to show
    storage     from Python: what there is, who keeps how much, and what fits
    accounting  the sums beside their rows
    weighing    what files are charged: names of one file once, sparse ones by what they occupy
    recalculation the disk is counted again: swept, weighed, summed up
    damage      opening the database, snapshots, restoring
    people      who has an inbox
    layout      the folders and markers of a root
    locks       one process at a time does the work of a root
    bells       waking the service, from inside and outside
    notify      words to systemd
    config      config.toml as frozen records
    sections    its sections: every key, its default and its reader
    text_sections and those about texts
    import_tables the tables of [[watch.imports]]: cards and folders to import from
    claim_keys  the keys of [claims]: who tells claims, and what a model may cost
    backup_keys the keys of [backup]: where backups go, and of what
    job_tables  the tables of [jobs]: how long jobs stay, limits by kind, jobs by the clock
    units       sizes and times as people write them
    patterns    patterns of names and dates
    paths       paths as text, users and areas
    errors      what can be wrong, for people, programs and the queue
    logs        structlog, set up once
    cli         the commands
    doctor      what is wrong with this place, and what to do

From Python: `config.load(path, os.environ)` reads a configuration; `service.build(config)` makes the box, whose
`once()` handles what is there and whose `run()` serves; `beside.beside(config)` opens the log of a box that somebody
else serves.
"""

from __future__ import annotations

__version__ = "0.1.0"
