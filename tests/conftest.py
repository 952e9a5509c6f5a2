"""What holds for all tests. It is read before any of them, in whatever order they import others."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

# The duration of an example means nothing on a machine that is busy with other tests.
settings.register_profile("usual", deadline=None)
settings.load_profile("usual")
# On other Pythons: what examples show was shown on this one.
settings.register_profile("others", deadline=None, max_examples=20)
# For `make mutants`: one failing example is enough, and is not kept for other tests.
settings.register_profile(
    "mutants", deadline=None, phases=[Phase.explicit, Phase.generate], database=None
)


@pytest.fixture(scope="session", autouse=True)
def _state_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs leave on this machine for later ones away from those of the user."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
