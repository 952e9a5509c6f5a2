"""The limits of requests over REST: time, tries, sizes and numbers."""

CONNECT_TIMEOUT = 10.0
"""The number of seconds that a node is given to take a connection."""

ANSWER_TIMEOUT = 60.0
"""The number of seconds for an answer that a cluster gives at once, unless it is busy."""

SLOW_TIMEOUT = 600.0
"""The number of seconds for a page of a diff: if little of much changed, a cluster searches for
minutes."""

BRIEF_TIMEOUT = 10.0
"""The number of seconds for an answer that a run can do without."""

BRIEF_MAX_TRIES = 2
"""The number of times at most for a request that a run can do without."""

BRIEF_WAIT = 2.0
"""The number of seconds for which a request that a run can do without is tried again."""

GARBLED_MAX_TRIES = 3
"""The number of garbled answers to a request after which the last one counts: a server that is not
a cluster always gives the same one."""

LONG_PAUSE = 5.0
"""The number of seconds from which on a user should know why nothing goes on."""

OUTAGE_REMEMBERED = 60.0
"""The number of seconds after the last failure for which it counts that nothing was answered."""

REQUESTS_AT_ONCE = 128
"""The number of requests to a node at the same time at most, each on a connection of its own; a
node has 1,000 connections in total (Qumulo's documentation)."""

MAX_PAGE = 67_108_864
"""The number of bytes of a page at most, 64 MiB.

A path has at most 32,760 bytes, and JSON takes at most six for each of them; with everything else
that is stated of it, an entry takes at most 200 kB. So a page of 100 entries always has room, and
one of 10,000 changes if they take 6.7 kB on average. If a page is larger, fewer entries are
requested at a time. The status of snapshots may come as one page without a limit: there is room for
40,000 of 1.6 kB each.
"""

MAX_ANSWER = 4_194_304
"""The number of bytes of any other answer at most, 4 MiB: it is about one entry, or has the counts
of 1,000 entries, with names of at most 255 bytes."""

MAX_ERROR = 1_048_576
"""The number of bytes of an error at most, 1 MiB."""

FEWER = 10
"""The number by which that of the entries of a page is divided if the page is too large."""

MAX_URI = 262_144
"""The number of characters at most of what a page states as the next one. The longest path takes
98,280 of them, since three are needed for a byte; it may be there twice."""

MAX_SNAPSHOTS = 1_000_000
"""The number of snapshots of a cluster at most."""

MAX_TOKEN = 16_384
"""The number of characters of a session's token at most, which goes with every request."""

LEAST_RATE = 10_000
"""The number of bytes in a second, on average, for which an answer gets more time than it has in
any case. A hundred answers that share a link of 1 MB/s come at that rate."""
