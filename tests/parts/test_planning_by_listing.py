"""Where nothing counts what is in created directories, some of them are listed."""

from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.planning.by_listing import ListedDivision
from tests.parts.scanning import DictTree

SIZE = 100


class Listable(DictTree):
    """A tree of which names in directories are asked, and which keeps the questions."""

    def __init__(self, content: dict[str, dict[str, None]]) -> None:
        super().__init__({})
        self.content = content
        self.listed: list[str] = []

    def names(self, directory: str) -> list[str]:
        self.listed.append(directory)
        if directory not in self.content:
            raise UnreadableError("no")
        return sorted((directory + name for name in self.content[directory]), reverse=True)


def contents(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


def division(
    tree: Listable, *created: str, excluded: PathFilter = NO_PATTERNS, has_names: bool = True
) -> ListedDivision:
    made = ListedDivision(SIZE, excluded, has_names=has_names)
    made.list_some(created, tree)
    return made


def test_a_created_directory_is_cut_between_directories_of_which_four_fill_a_slice() -> None:
    tree = Listable({"/d/": contents(*(f"{number}/" for number in range(10)), "file")})
    tree.content |= {f"/d/{number}/": contents("f") for number in (3, 4)}
    made = division(tree, "/d/")

    marks = list(made.marks("/d/", CREATED))

    assert made.weigh("/d/") == 8 * SIZE // 4 + 2 + 1
    assert [(mark.name, mark.weight) for mark in marks] == [
        ("/d/7", 76),
        ("/d/2", 77),
        ("/d/", 51),
    ]
    assert not any(mark.newer for mark in marks)
    assert list(made.marks("/d/", DELETED)) == []


def test_what_is_listed_of_a_wide_directory_goes_to_those_who_need_names_alone() -> None:
    names = [f"f{number:03}" for number in range(250)]
    tree = Listable({"/d/": contents(*names)})

    known = [mark.newer for mark in division(tree, "/d/").marks("/d/", CREATED)]
    unknown = [mark.newer for mark in division(tree, "/d/", has_names=False).marks("/d/", CREATED)]

    assert [len(each.names) for each in known if each] == [100, 100, 50]
    assert [each.page for each in known if each] == [None] * 3
    assert unknown == [None] * 3


def test_no_more_is_listed_than_is_of_help() -> None:
    many = Listable({"/d/": contents(*(f"{number}/" for number in range(300)))})
    assert division(many, "/d/").count(["/d/"], 0) == 300 + 300 * 500
    assert many.listed == ["/d/"]

    deep = Listable({"/" + "d/" * depth: contents("d/") for depth in range(1, 99)})
    division(deep, "/d/")
    assert len(deep.listed) == 50

    assert division(many, *(f"/{number}/" for number in range(200))).weigh("/7/") == SIZE // 4
    assert many.listed == ["/d/"]


def test_what_cannot_be_listed_or_is_excluded_is_not_divided() -> None:
    tree = Listable({"/d/": contents("excluded/", "locked/")})
    patterns = PathFilter(exclude=("excluded",))
    made = division(tree, "/d/", "/gone/", excluded=patterns)

    assert tree.listed == ["/d/", "/gone/", "/d/locked/"]
    assert made.weigh("/d/") == 1 + SIZE // 4
    assert made.weigh("/gone/") == SIZE // 4
    assert list(made.marks("/gone/", CREATED)) == []
