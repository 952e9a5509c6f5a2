"""A share that lives: every hour, people and programs do something to its files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.fuzz.names import NEIGHBOURS, ODD
from tests.fuzz.work import BESIDE, SPECIAL, Place

if TYPE_CHECKING:
    import random

    from tests.fuzz.work import Workspace

_MOST_ENTRIES = 350
_MAX_NUMBER = 10_000
# What XML can hold: whatever else is there keeps a list from being committed by itself.
_NAMES = (
    *NEIGHBOURS,
    *(name for name in ODD if b"\x07" not in name and name[:2] != b"\xef\xbf"),
    *(b"<script>", b"'; rm -rf x", b"=1+1", b"..a", b"*"),
)
UNNAMEABLE = b"bell\x07"
"""A name that no XML file can hold."""


class Life:
    """Lets a share live.

    Args:
        workspace: the share.
        chance: decides what happens.
    """

    def __init__(self, workspace: Workspace, chance: random.Random) -> None:
        self._share, self._chance = workspace, chance
        self.changes = 0
        """The number of things that were done."""

    def begin(self) -> None:
        """Make what is there at first: as much as there will be, so that nothing has to grow."""
        for number in range(8):
            self._share.make_folder(Place(0, b"scene%d" % number))
        self._share.fill(Place(0, b"frames"), 100, folders=False)
        while self._share.count() < _MOST_ENTRIES:
            self._do_something()

    def go_on(self, most: int = 25) -> None:
        """Let an hour pass on the share."""
        for _ in range(self._chance.randrange(most)):
            self._do_something()
            self.changes += 1
        while self._share.count() > _MOST_ENTRIES:
            self._share.delete(self._number(), "dir" if self._chance.random() < 0.2 else "file")
            self.changes += 1

    def _do_something(self) -> None:
        share, chance = self._share, self._chance
        number, other, place = self._number(), self._number(), self._place()
        size, yes = chance.randrange(5000), chance.random() < 0.5
        deeds = (
            (30, partial(share.write, place, size)),
            (20, partial(share.append, number, 1 + size)),
            (5, partial(share.truncate, number, size)),
            (5, partial(share.touch, number, chance.randrange(2 * 10**18))),
            (3, partial(share.chmod, number, chance.choice((0o755, 0o700, 0o4755)))),
            (6, partial(share.make_folder, place)),
            (12, partial(share.rename, number, place)),
            (8, partial(share.delete, number, "file")),
            (1, partial(share.delete, number)),
            (3, partial(share.link, number, place)),
            (2, partial(share.symlink, b"nowhere", place)),
            (1, partial(share.make_special, chance.choice([*SPECIAL]), place)),
            (4, partial(share.rename_over, number, other, delete_first=yes)),
            (3, partial(share.swap, number, other)),
            (3, partial(share.move_into_new, number, place)),
            (2, partial(share.move_away, number, place)),
            (3, partial(share.replace_folder, number, size, deep=yes)),
            (3, partial(share.recreate, number, folder=yes)),
            (2, partial(share.make_deep, place, chance.randrange(1, 5), place.name[:20])),
            (2, partial(share.fill, place, chance.randrange(30), folders=False)),
        )
        (deed,) = chance.choices([one for _, one in deeds], [weight for weight, _ in deeds])
        deed()

    def _number(self) -> int:
        """An entry's number; now and then, of one beside the source."""
        chance = self._chance
        if chance.random() < 0.05:
            return chance.choice(BESIDE)
        return BESIDE.stop + chance.randrange(_MAX_NUMBER)

    def _place(self) -> Place:
        return Place(BESIDE.stop + self._chance.randrange(_MAX_NUMBER), self._chance.choice(_NAMES))
