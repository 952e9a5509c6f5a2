"""A server that answers from memory, and so leaves the cores to the client that is measured.

It asks a real server once for each answer, and remembers it. It can do so because the two snapshots
of a comparison never change: the same request has the same answer.
"""
