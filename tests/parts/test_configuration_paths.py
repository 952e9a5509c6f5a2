"""Paths in the archiver's configuration: a home directory is replaced, and nothing else."""

import os
import pwd

import pytest

from qumulo_changelist.config.settings import Settings
from tests.parts.configuration_files import ini, plist, read, refusal

PATHS = {"FastScanWorkFolder": "work_folder", "QumuloQqPath": "qq_path", "QumuloCAFile": "ca_file"}


def paths(settings: Settings) -> set[str]:
    return {getattr(settings, name) for name in PATHS.values()}


def test_without_a_work_folder_lists_go_to_tmp() -> None:
    assert read(ini()).work_folder == "/tmp"
    assert read(ini(FastScanWorkFolder="")).work_folder == "/tmp"


def test_other_paths_are_empty_by_default() -> None:
    assert read(ini()).qq_path == ""
    assert read(ini()).ca_file == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/a b/~", "/home/me/a b/~"),
        ("~", "/home/me"),
        ("~/", "/home/me"),
        ("~root/a", os.path.join(pwd.getpwnam("root").pw_dir, "a")),
        ("/a/~", "/a/~"),
        ("/a/$HOME", "/a/$HOME"),
        ("/a b/c #1 ;2.pem", "/a b/c #1 ;2.pem"),
    ],
)
def test_a_path_can_begin_with_a_home_directory(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    values = dict.fromkeys(PATHS, written)

    assert paths(read(ini(**values))) == {meant}
    assert paths(read(plist(**values))) == {meant}


def test_the_home_directory_can_be_the_root_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")

    assert read(ini(FastScanWorkFolder="~/a")).work_folder == "/a"
    assert read(ini(FastScanWorkFolder="~")).work_folder == "/"


def test_without_the_variable_the_home_directory_is_the_one_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HOME", raising=False)

    expected = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "a")
    assert read(ini(FastScanWorkFolder="~/a")).work_folder == expected


@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize(("home", "written"), [("", "~/a"), ("me", "~"), ("/me", "~no body/a")])
def test_a_path_in_a_home_directory_that_does_not_exist_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, home: str, written: str
) -> None:
    monkeypatch.setenv("HOME", home)

    for content in (ini(**{key: written}), plist(**{key: written})):
        error = refusal(content, f"{key} in .* no home directory")
        assert "such as /" in error.hint


@pytest.mark.parametrize(
    "written",
    ["$HOME/scans", "${HOME}/scans", "scans", "./scans", "../scans", "file:///scans", "%h"],
)
def test_a_work_folder_that_is_not_absolute_is_refused(written: str) -> None:
    for content in (ini(FastScanWorkFolder=written), plist(FastScanWorkFolder=written)):
        error = refusal(content, "FastScanWorkFolder in .* absolute")
        assert repr(written) in str(error)
        assert "such as /" in error.hint


@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize("written", [r"/a\0b", r"~\0b"])
def test_a_path_with_a_nul_is_refused(key: str, written: str) -> None:
    refusal(ini(**{key: written}), f"{key} in ")
