"""The main job from end to end, against an emulated cluster: ``make demo``."""
