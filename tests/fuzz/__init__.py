"""Random work on a real tree, listed in every way, and compared with the oracle (`tests/oracle`).

`machine.py` is the state machine that Hypothesis drives. `work.py` does the work on the tree,
`names.py` draws names, `ways.py` draws ways to a list and what it must contain, and
`laboratory.py` has the emulator, the folders and the commands. `make test` runs a few examples,
always the same ones; `make fuzz` runs new ones for as long as you like.
"""
