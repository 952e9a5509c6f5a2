"""Weeks of hourly runs in minutes, under random faults, each list judged by the oracle.

`make soak` runs it. `grounds.py` has the cluster, its share, and the projects; `living.py` lets the
share live; `troubles.py` are what goes wrong; `client.py` is the process that runs the cycle;
`judge.py` decides whether lists, archives and snapshots are as they have to be; `campaign.py` puts
the hours together, and `figures.py` counts.
"""
