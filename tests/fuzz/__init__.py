"""Any work on a real tree, listed every way, held against the oracle (`tests/oracle`).

`machine.py` is the state machine that Hypothesis drives; `work.py` does the work on the tree,
`names.py` and `ways.py` say what is drawn, `laboratory.py` is the emulator, the folders and the
commands. `make test` runs it shortly and always alike, `make fuzz` for as long as one likes.
"""
