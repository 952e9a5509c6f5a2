"""The root of all errors, and what makes a single entry unreadable."""

from collections.abc import Callable


class ChangelistError(Exception):
    """An error that ends a run. No text of it ever contains a secret.

    Args:
        message: what is wrong, with the name of the file, path or value.
        hint: what else helps to mend it, in words that fit every program; "" for nothing.
        exit_code: the exit code of a program that this one ran, if that is to be kept.
    """

    exit_code: int
    """What a command ends with."""
    transient = False
    """Whether trying again later can help."""
    hint = ""
    command = ""
    """The sub-command that it ended; "" if that is unknown, or none."""
    project = ""
    """The project that it is about; "" if that is unknown, or none."""
    configuration = ""
    """The archiver's configuration that was read; "" if that is unknown, or none."""
    worker = ""
    """The worker where it happened, if that is a different machine; else ""."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.hint = hint or self.hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        message = super().__str__()
        return f"worker {self.worker}: {message}" if self.worker else message

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
        # Worker processes send errors to the main one, whatever arguments they were made with.
        return _restore, (type(self), self.args), vars(self)


def _restore(kind: type[ChangelistError], args: tuple[object, ...]) -> ChangelistError:
    return kind.__new__(kind, *args)


class UnreadableError(Exception):
    """One entry of a tree cannot be read, which ends nothing; ``str()`` is the reason alone."""


class AbsentError(UnreadableError):
    """A tree has no such entry, or something other than a directory where one is asked for."""
