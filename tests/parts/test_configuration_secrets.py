"""Secrets in the archiver's configuration: no text of a value or an error shows them."""

import multiprocessing
import pickle

import cloudpickle  # type: ignore[import-untyped]
import pytest

from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import ConfigurationError
from qumulo_changelist.secret import SessionToken, let_processes_share
from tests.parts.configuration_files import ini, plist, read, refusal

SECRET = "correct-horse-battery"


def shown(error: ConfigurationError) -> str:
    """Return all text that an error shows."""
    return f"{error} {error.hint} {error!r} {error.__cause__}"


def test_a_secret_shows_itself_only_when_it_is_revealed() -> None:
    secret = Secret(SECRET)

    assert SECRET not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == SECRET


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled_and_so_not_be_sent_to_a_different_machine(
    protocol: int,
) -> None:
    settings = read(ini(QumuloPassword=SECRET))

    for one in (Secret(SECRET), settings):
        let_processes_share()  # that changes nothing here
        with pytest.raises(TypeError, match="must not leave this machine"):
            pickle.dumps(one, protocol)
        with pytest.raises(TypeError, match="must not leave this machine"):
            cloudpickle.dumps(one)


def test_the_processes_of_this_machine_exchange_secrets() -> None:
    let_processes_share()
    near, far = multiprocessing.Pipe()

    with near, far:
        near.send(read(ini(QumuloPassword=SECRET, QumuloAccessToken=f"access-v1:{SECRET}")))
        arrived = far.recv()

    assert arrived.password.reveal() == SECRET
    assert arrived.access_token.reveal() == f"access-v1:{SECRET}"


def test_the_token_of_a_session_can_be_sent_and_is_not_shown() -> None:
    token = SessionToken(SECRET)

    copy = pickle.loads(pickle.dumps(token))

    assert type(copy) is SessionToken
    assert copy.reveal() == SECRET
    assert SECRET not in f"{copy} {copy!r} {[copy]}"


def test_settings_do_not_show_password_and_token() -> None:
    settings = read(ini(QumuloPassword=SECRET, QumuloAccessToken=f"access-v1:{SECRET}"))

    assert SECRET not in f"{settings} {settings!r} {settings.password} {settings.access_token!r}"
    assert settings.password.reveal() == SECRET


PLIST = plist(QumuloPassword="here")


def plist_with(element: str) -> bytes:
    """Return a property list with a password that is not of the usual type."""
    return PLIST.replace(b"<string>here</string>", element.encode())


@pytest.mark.parametrize(
    "content",
    [
        ini(QumuloPassword=SECRET, QumuloClusterPort="none"),
        ini(QumuloPassword=SECRET, QumuloClusterIP=""),
        ini(QumuloPassword=SECRET, QumuloUsername="\\0"),
        ini(QumuloPassword=SECRET + "é").encode("latin-1"),
        ini(QumuloPassword=SECRET).encode() + b"\0",
        ini(QumuloPassword=SECRET).encode("utf-16")[:-1],
        ini(QumuloPassword=SECRET).replace("QumuloPassword=", "QumuloPassword "),
        plist(QumuloPassword=[SECRET]),
        plist(QumuloPassword=SECRET)[:-20],
    ],
)
def test_no_error_shows_the_password(content: str | bytes) -> None:
    assert SECRET not in shown(refusal(content))


@pytest.mark.parametrize(
    "element",
    [
        f"<integer>{SECRET}</integer>",
        f"<data>{SECRET}!</data>",
        f"<real>{SECRET}</real>",
        f"<{SECRET}/>",
    ],
)
def test_no_error_shows_a_password_that_a_property_list_has_malformed(element: str) -> None:
    """What caused the error may name it, but no command prints that."""
    error = refusal(plist_with(element))

    assert SECRET not in f"{error} {error.hint} {error!r}"


@pytest.mark.parametrize("end", [r"\n", r"\r", r"\xa", r"\0"])
def test_a_password_of_which_qq_would_get_only_a_part_is_refused(end: str) -> None:
    error = refusal(ini(QumuloPassword=f"{SECRET}{end}x"), "QumuloPassword in .* line end")

    assert SECRET not in shown(error)


@pytest.mark.parametrize("token", [f"{SECRET} x", f"{SECRET}é", f"{SECRET}\\n"])
def test_a_token_that_no_cluster_makes_is_refused(token: str) -> None:
    error = refusal(ini(QumuloAccessToken=token), "QumuloAccessToken in ")

    assert SECRET not in shown(error)


def test_a_token_that_qq_cannot_use_is_not_shown() -> None:
    content = ini(QumuloAccessToken=SECRET, QumuloUsername="", QumuloPassword="")

    assert SECRET not in shown(refusal(content, "lacks QumuloUsername, QumuloPassword"))
