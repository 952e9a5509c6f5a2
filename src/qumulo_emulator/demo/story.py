"""What happens in the demonstration, event by event: the same for the same seed. Pure."""

from collections.abc import Callable, Iterator
from random import Random

from qumulo_emulator.demo.season import Season
from qumulo_emulator.demo.steps import Delete, Event, MakeFile, Rename, Step

SHOWS = ("nightfall", "harbour", "the_kitchen")
_DAY = 86_400
_MOST_REELS = 14
_MOST_ARCHIVED = 4
_MOST_EXPORTS = 8


class Story:
    """A company's files, and what is done to them.

    Args:
        seed: with the same seed, the same events happen in the same order.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self._seasons = [Season(show, number) for show in SHOWS for number in (1, 2)]
        self._archived: list[Season] = []
        self._last_numbers = dict.fromkeys(SHOWS, 2)

    def beginning(self) -> Iterator[Step]:
        """Yield the steps that make the tree as it is at first: the work of some months."""
        for season in self._seasons:
            begun = self._random.randint(60, 220)
            for _ in range(self._random.randint(3, 6)):
                begun = self._random.randint(begun // 2, begun)
                reel, steps = season.shoot(self._random)
                yield from self._aged(steps, begun)
                if self._random.random() < 0.7:
                    yield from self._aged(season.make_proxies(reel), max(begun - 1, 1))
            for make in (season.render_titles, season.save_cut, season.export, season.export):
                begun = self._random.randint(begun // 2, begun)
                yield from self._aged(make(self._random)[1], max(begun, 1))

    def events(self) -> Iterator[Event]:
        """Yield what happens from then on, without end."""
        while True:
            kinds, weights = zip(*self._kinds(), strict=True)
            (happen,) = self._random.choices(kinds, weights)
            event = happen(self._random.choice(self._seasons))
            if event is not None:
                yield event

    def _aged(self, steps: list[Step], days: int) -> Iterator[Step]:
        seconds = days * _DAY - self._random.randrange(_DAY)
        for step in steps:
            seconds = max(seconds - self._random.randint(1, 600), 60)
            yield step._replace(age=seconds) if isinstance(step, MakeFile) else step

    def _kinds(self) -> list[tuple[Callable[[Season], Event | None], int]]:
        return [
            (self._save, 8),
            (self._shoot, 6),
            (self._proxies, 5),
            (self._export, 4),
            (self._titles, 3),
            (self._litter, 2),
            (self._rename_reel, 2),
            (self._delete_proxies, 2),
            (self._delete_export, 2),
            (self._archive, 1),
            (self._purge, 1),
        ]

    def _shoot(self, season: Season) -> Event | None:
        if len(season.reels) >= _MOST_REELS:
            return None
        reel, steps = season.shoot(self._random)
        clips = season.reels[reel]
        return Event(
            f"a shoot came in: {season.folder}/reels/{reel}, {len(clips)} clips,"
            f" {_gigabytes(sum(clips.values()))}",
            tuple(steps),
        )

    def _proxies(self, season: Season) -> Event | None:
        missing = sorted(season.reels.keys() - season.proxies)
        if not missing:
            return None
        reel = self._random.choice(missing)
        steps = season.make_proxies(reel)
        return Event(f"{len(steps)} proxies were made: {season.folder}/proxies/{reel}", (*steps,))

    def _save(self, season: Season) -> Event:
        name, steps = season.save_cut(self._random)
        return Event(f"a cut was saved: {season.folder}/edit/{name}", tuple(steps))

    def _export(self, season: Season) -> Event | None:
        if len(season.exports) >= _MOST_EXPORTS:
            return None
        name, steps = season.export(self._random)
        return Event(f"an episode was exported: {season.folder}/exports/{name}", tuple(steps))

    def _titles(self, season: Season) -> Event:
        name, steps = season.render_titles(self._random)
        return Event(
            f"{len(steps)} frames were rendered: {season.folder}/graphics/{name}", (*steps,)
        )

    def _litter(self, season: Season) -> Event:
        folder = self._random.choice(("reels", "audio", "edit", "exports"))
        step = season.litter(folder)
        return Event(f"somebody opened a folder: {step.path}", (step,))

    def _rename_reel(self, season: Season) -> Event | None:
        plain = sorted(reel for reel in season.reels if not reel.endswith("_selects"))
        if not plain:
            return None
        reel = self._random.choice(plain)
        chosen = f"{reel}_selects"
        # In the order in which they came, as before.
        season.reels = {
            (chosen if known == reel else known): clips for known, clips in season.reels.items()
        }
        steps = [Rename(f"{season.folder}/reels/{reel}", f"{season.folder}/reels/{chosen}")]
        if reel in season.proxies:
            season.proxies = season.proxies - {reel} | {chosen}
            below = f"{season.folder}/proxies"
            steps.append(Rename(f"{below}/{reel}", f"{below}/{chosen}"))
        return Event(f"a reel was renamed: {season.folder}/reels/{reel} to {chosen}", (*steps,))

    def _delete_proxies(self, season: Season) -> Event | None:
        if not season.proxies:
            return None
        reel = self._random.choice(sorted(season.proxies))
        season.proxies.remove(reel)
        folder = f"{season.folder}/proxies/{reel}"
        return Event(f"proxies were deleted: {folder}", (Delete(folder),))

    def _delete_export(self, season: Season) -> Event | None:
        if len(season.exports) < 2:
            return None
        path = f"{season.folder}/exports/{season.exports.pop(0)}"
        return Event(f"an old export was deleted: {path}", (Delete(path),))

    def _archive(self, season: Season) -> Event | None:
        """Move a season to the archive; the next season of its show begins."""
        if len(season.reels) < 5 or len(self._archived) >= _MOST_ARCHIVED:
            return None
        old = season.folder
        season.folder = f"projects/archive/{season.show}/season_{season.number:02}"
        self._last_numbers[season.show] += 1
        after = Season(season.show, self._last_numbers[season.show])
        self._seasons[self._seasons.index(season)] = after
        self._archived.append(season)
        _, steps = after.save_cut(self._random)
        return Event(
            f"a season was archived: {old} to {season.folder}, {_gigabytes(season.size)};"
            f" {after.folder} began",
            (Rename(old, season.folder), *steps),
        )

    def _purge(self, _: Season) -> Event | None:
        if not self._archived:
            return None
        season = self._archived.pop(0)
        return Event(
            f"an archived season was deleted: {season.folder}, {_gigabytes(season.size)}",
            (Delete(season.folder),),
        )


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:,.0f} GB"
