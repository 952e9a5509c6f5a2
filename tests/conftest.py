"""What holds for all tests. It is read before any of them, in whatever order they import others."""

from hypothesis import Phase, settings

# The duration of an example means nothing on a machine that is busy with other tests.
settings.register_profile("usual", deadline=None)
settings.load_profile("usual")
# For `make mutants`: one failing example is enough, and is not kept for other tests.
settings.register_profile(
    "mutants", deadline=None, phases=[Phase.explicit, Phase.generate], database=None
)
