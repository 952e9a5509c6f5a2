"""Secrets: texts that nothing shows, and that do not leave this machine by mistake."""

import os

PASSWORD_VARIABLE = "QUMULO_CHANGELIST_PASSWORD"  # noqa: S105 - a name
TOKEN_VARIABLE = "QUMULO_CHANGELIST_ACCESS_TOKEN"  # noqa: S105 - a name


class Secret:
    """A text that ``str`` and ``repr`` do not show, and that cannot be pickled.

    What is sent to a different machine is pickled, so nothing of that has a secret. The processes
    of one run may exchange secrets, see :func:`let_processes_share`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret cannot be pickled, since it must not leave this machine")

    def reveal(self) -> str:
        """Return the text."""
        return self._text


class SessionToken(Secret):
    """The token of a session: the one secret that can be pickled, since a session ends by itself.

    It is sent only over connections of which both ends are verified.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[object, ...]:
        return SessionToken, (self._text,)


def environment_for_children() -> dict[str, str]:
    """Return the environment of this process without the variables that have secrets."""
    secret = (PASSWORD_VARIABLE, TOKEN_VARIABLE)
    return {name: value for name, value in os.environ.items() if name not in secret}


def let_processes_share() -> None:
    """Let secrets go through the pipes between the processes of this machine, and nowhere else."""
    from multiprocessing.reduction import ForkingPickler  # takes long to load

    ForkingPickler.register(Secret, lambda secret: (Secret, (secret.reveal(),)))
