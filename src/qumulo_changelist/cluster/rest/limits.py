"""How long a request over REST may take, and how often it is sent."""

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

PAUSE = 0.5
"""The longest first pause between two tries in seconds; each further one can be twice as long. The
pause itself is a random one from half of that."""

MAX_PAUSE = 30.0
"""The longest pause in seconds, unless the cluster asks for a longer one."""

LONG_PAUSE = 5.0
"""The number of seconds from which on a user should know why nothing goes on."""

OUTAGE_REMEMBERED = 60.0
"""The number of seconds after the last failure for which it counts that nothing was answered."""

REQUESTS_AT_ONCE = 128
"""The number of requests to a node at the same time at most, each on a connection of its own; a
node has 1,000 connections in total (Qumulo's documentation)."""
