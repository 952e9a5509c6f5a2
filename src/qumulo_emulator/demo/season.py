"""A season of a show as an editing room has it: its folders, and how its files are named. Pure."""

from random import Random

from qumulo_emulator.demo.steps import MakeFile, Step

GB, MB = 10**9, 10**6
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
# Names as they come from recorders and people: each can be on a list, but some are hard to write.
_WILD_TRACKS = (
    "wild track.wav",
    "Müller & Söhne - take 2.wav",
    "Interview (final) [v2] #3.wav",
    'it\'s "done".wav',
    "café, atmo.wav",
    "two\nlines.wav",
    "50% quieter <loud>.wav",
)


class Season:
    """A season: where it is, and what is in it.

    Its methods return steps that are yet to be done, and already know what they lead to.

    Attributes:
        show: the show's name.
        number: its number.
        folder: its path.
        reels: the sizes of the clips of each reel, by the reel's folder and the clip's file.
        proxies: the reels that have proxies.
        exports: the files that were exported, oldest first.
        version: the number of the newest version of the cut.
    """

    def __init__(self, show: str, number: int) -> None:
        self.show = show
        self.number = number
        self.folder = f"projects/{show}/season_{number:02}"
        self.reels: dict[str, dict[str, int]] = {}
        self.proxies: set[str] = set()
        self.exports: list[str] = []
        self.version = 0
        self._shot = 0
        self._titles = 0

    @property
    def size(self) -> int:
        """The bytes of all clips."""
        return sum(sum(clips.values()) for clips in self.reels.values())

    def shoot(self, random: Random) -> tuple[str, list[Step]]:
        """Return the name of a new reel, and the steps that bring it in."""
        self._shot += 1
        reel = f"{'AB'[self._shot % 2]}{self._shot:03}"
        clips = {}
        for clip in range(1, random.randint(5, 14)):
            letters = random.choice(_LETTERS) + random.choice(_LETTERS)
            clips[f"{reel}_C{clip:03}_{letters}.mov"] = random.randint(2 * GB, 40 * GB)
        self.reels[reel] = clips
        folder = f"{self.folder}/reels/{reel}"
        steps: list[Step] = [MakeFile(f"{folder}/{clip}", size) for clip, size in clips.items()]
        steps += [MakeFile(f"{folder}/._{next(iter(clips))}", 4096), self.litter(f"reels/{reel}")]
        sound = f"{self.folder}/audio/{reel}"
        steps += [
            MakeFile(f"{sound}/{reel}_T{take:02}.wav", random.randint(50 * MB, 900 * MB))
            for take in range(1, random.randint(3, 6))
        ]
        track = f"{sound}/{random.choice(_WILD_TRACKS)}"
        steps.append(MakeFile(track, random.randint(5 * MB, 90 * MB)))
        return reel, steps

    def make_proxies(self, reel: str) -> list[Step]:
        """Return the steps that make the proxies of a reel."""
        self.proxies.add(reel)
        return [
            MakeFile(f"{self.folder}/proxies/{reel}/{clip.removesuffix('.mov')}.mp4", size // 40)
            for clip, size in self.reels[reel].items()
        ]

    def save_cut(self, random: Random) -> tuple[str, list[Step]]:
        """Return the name of the cut that is saved, and the steps: sometimes a new version."""
        if self.version == 0 or random.random() < 0.2:
            self.version += 1
        name = f"{self.show}_s{self.number:02}_v{self.version:03}.prproj"
        return name, [MakeFile(f"{self.folder}/edit/{name}", random.randint(4 * MB, 60 * MB))]

    def export(self, random: Random) -> tuple[str, list[Step]]:
        """Return the name of an exported episode, and the steps that write it."""
        episode = random.randint(1, 6)
        name = f"{self.show}_s{self.number:02}e{episode:02}_v{max(self.version, 1):03}.mov"
        if name in self.exports:
            self.exports.remove(name)
        self.exports.append(name)
        path = f"{self.folder}/exports/{name}"
        return name, [MakeFile(path, random.randint(5 * GB, 90 * GB))]

    def render_titles(self, random: Random) -> tuple[str, list[Step]]:
        """Return the name of a new sequence of frames, and the steps that write it."""
        self._titles += 1
        name = f"title_{self._titles:02}"
        folder = f"{self.folder}/graphics/{name}"
        size = random.randint(20 * MB, 50 * MB)
        frames = range(1001, 1001 + random.randint(12, 36))
        return name, [MakeFile(f"{folder}/{name}.{frame}.exr", size) for frame in frames]

    def litter(self, folder: str) -> MakeFile:
        """Return the step with which the Finder leaves a file in one of the season's folders."""
        return MakeFile(f"{self.folder}/{folder}/.DS_Store", 6148)
