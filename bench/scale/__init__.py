"""What a list costs beyond one machine: a simulation with measured costs, and what measures them.

The simulation (``costs``, ``model``, ``tables``) is pure. ``team`` starts the scheduler and workers
of the scenarios in ``bench/scale_scenarios.py``; ``client`` makes a list with them.
"""
