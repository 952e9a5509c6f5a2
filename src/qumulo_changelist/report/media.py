"""Which kind of media a file is, by the ending of its name."""

from collections.abc import Iterable
from heapq import nlargest
from typing import Literal

from msgspec import Struct

from qumulo_changelist.report.amounts import Amount

MediaKind = Literal["video", "image", "audio", "project", "document", "other"]
"""What files are: camera and edited video, images and image sequences, sound, the projects of
editing and effects programs, documents and data, and everything else."""

_ENDINGS: dict[MediaKind, str] = {
    "video": (
        "3gp ari arri arx asf avi braw cine crm dav dv f4v flv gxf h264 h265 hevc insv ismv "
        "ivf  lrv lxf m2p m2t m2ts m2v m4v mj2 mkv mod mov mp4 mpe mpeg mpg mpv mts mxf ogv "
        "qt r3d rmf  rsv tod ts vob webm wmv y4m"
    ),
    "image": (
        "ai arw bmp cin cr2 cr3 crw cube dng dpx eps exr fff gif hdr heic heif iiq j2c j2k "
        "jp2 jpeg  jpg k25 kdc look mrw nef nrw orf pbm pcx pef pgm pict png ppm psb psd raf "
        "raw rgb rw2 sgi  sr2 srf svg tga tif tiff tx webp x3f"
    ),
    "audio": (
        "aac ac3 aif aifc aiff ape bw64 bwf caf dff dsf dts eac3 ec3 flac m4a mid midi mka "
        "mp2 mp3  oga ogg omf opus rf64 rx2 sd2 w64 wav wave wma"
    ),
    "project": (
        "aaf aep aepx als avb avp avs blend bsp c4d cst dra drp drt drx edl fbx fcp fcpbundle "
        "fcpproject fcpxml flame hip hipnc hiplc hrox lgt logicx ma mb mogrt motn nk nkple "
        "obj otio  pek prel prproj prtl ptf ptx rpp sbs sfk sni spp toc usd usda usdc usdz "
        "vdb veg xges  ztl zpr"
    ),
    "document": (
        "ale asc cdl csv doc docx htm html ini ics json key log md mhl numbers odp ods odt "
        "otf pages  pdf ppt pptx rtf srt stl sub ttf ttml txt vtt xls xlsx xml xmp yaml yml"
    ),
    "other": "",
}
_KINDS: dict[str, MediaKind] = {
    ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()
}

_HELD = 20_000
_KEPT = 5_000
_LONGEST = 12
"""What is longer is hardly an ending."""


class FileType(Struct, frozen=True):
    """The files whose names have the same ending, in whatever case."""

    ending: str
    """Without the dot; "" if there is none; ``0-9`` stands for all numbers, as in sequences."""
    kind: MediaKind
    files: int
    bytes: int


class TypeCounter:
    """Counts files by the endings of their names."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._as_written: dict[str, list[int]] = {}
        """The same counts by endings as names have them, in any case."""

    def add(self, base: str, size: int) -> None:
        """Count a file by its name without its folder."""
        stem, _, ending = base.rpartition(".")
        if not stem:
            ending = ""  # there is no dot, or the name begins with the only one
        found = self._as_written.get(ending)
        if found is None:
            found = self._begin(ending)
        found[0] += 1
        found[1] += size

    def _begin(self, ending: str) -> list[int]:
        if len(self._as_written) >= _HELD:
            self._as_written = {}
        if len(self._counts) >= _HELD:
            self._shrink()
        found = self._counts.setdefault(_normalize(ending), [0, 0])
        self._as_written[ending] = found
        return found

    def _shrink(self) -> None:
        """Count the rarest types for the files without an ending that is known."""
        kept = nlargest(_KEPT, self._counts, key=lambda ending: self._counts[ending][::-1])
        counts = {ending: self._counts.pop(ending) for ending in kept}
        unknown = counts.setdefault("", [0, 0])
        for files, size in self._counts.values():
            unknown[0] += files
            unknown[1] += size
        self._counts, self._as_written = counts, {}

    def types(self) -> list[FileType]:
        """Return the types of files, the one with most bytes first."""
        found = [
            FileType(ending, _KINDS.get(ending, "other"), files, size)
            for ending, (files, size) in self._counts.items()
        ]
        return sorted(found, key=lambda one: (-one.bytes, -one.files, one.ending))


def by_kind(types: Iterable[FileType]) -> dict[MediaKind, Amount]:
    """Return files by the kind of media, in the order of :data:`MediaKind`."""
    amounts: dict[MediaKind, Amount] = dict.fromkeys(_ENDINGS, Amount())
    for one in types:
        amounts[one.kind] = amounts[one.kind].plus(Amount(one.files, one.bytes))
    return amounts


def _normalize(ending: str) -> str:
    if ending.isdecimal():
        return "0-9"
    return ending.lower() if len(ending) <= _LONGEST and ending.isprintable() else ""
