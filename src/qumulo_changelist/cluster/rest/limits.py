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

MAX_TRIES = 7
"""The number of times that a request is sent at most."""

BRIEF_MAX_TRIES = 2
"""The number of times at most for a request that a run can do without."""

LONGEST_WAIT = 60.0
"""The number of seconds that a request waits between its tries, all together."""

BRIEF_WAIT = 2.0
"""The number of seconds between the tries of a request that a run can do without."""

PAUSE = 1.0
"""The number of seconds that pauses begin with: a request is sent again at once, then after
2, 4, 8, 16, … times this."""

MAX_PAUSE = 30.0
"""The longest pause in seconds, unless the cluster asks for a longer one."""

NO_ANSWER_COUNTS = 30.0
"""The number of seconds of waiting that an unanswered try counts as."""

REQUESTS_AT_ONCE = 128
"""The number of requests to a node at the same time at most, each on a connection of its own; a
node has 1,000 connections in total (Qumulo's documentation)."""
