"""Errors of a list and its receipt: they cannot be written, read, or published."""

from qumulo_changelist.errors.root import ChangelistError


class OutputError(ChangelistError):
    """The list, or the folder for it, cannot be written."""

    exit_code = 4


class SpillError(OutputError):
    """There is no room on disk for what a run sets aside."""


class PiecesError(OutputError):
    """The folder for pieces, or a piece that is kept there, cannot be used."""


class ReceiptError(OutputError):
    """A list is in its place, and what belongs to it is not, or not for certain on the disk."""


class ResultError(OutputError):
    """Everything is done, but the result could not be printed."""


class ProofError(ChangelistError):
    """The list does not agree with what the cluster counts in both snapshots."""

    exit_code = 5


class StaleProofError(ProofError):
    """It does not agree, and the live share changed after the newer snapshot."""


class UnprovableError(ProofError):
    """What would prove the list cannot be read."""


class TooManyExcludedError(UnprovableError):
    """Something changed in too many excluded directories to have the files in each counted."""


class DeletionLimitError(ChangelistError):
    """The list would delete more files than the limit allows."""

    exit_code = 6


class UnknownDeletionLimitError(DeletionLimitError):
    """The limit is a percentage, and the number of files is unknown."""


class TooManyUnreadableError(ChangelistError):
    """More entries cannot be read than the limit allows."""

    exit_code = 8


class LogFileError(OutputError):
    """The log cannot be written; no work was done."""


class InvalidReceiptError(ChangelistError):
    """A file is not a receipt, or a newer version of this package made it."""

    exit_code = 65


class InvalidListError(ChangelistError):
    """A file is not a list that this version can read."""

    exit_code = 65
