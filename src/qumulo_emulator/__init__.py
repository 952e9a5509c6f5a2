"""A Qumulo cluster over a local directory: its REST API, its snapshots, and scripted failures.

Start it with `qumulo-emulator serve ROOT`, or inside a test in one line:
`with serve_in_thread(root) as emulator:`, see `qumulo_emulator.running`.
"""
