"""How the commands speak."""

from qumulo_changelist.cli import command


def test_a_name_in_a_message_gives_a_terminal_no_orders(capfdbinary):
    command.say("of /a\x1b]0;title\x07\r\x9b2J: not there")

    written = rb"of /a\x1b]0;title\x07\x0d\x9b2J: not there"
    assert capfdbinary.readouterr().err == written + b"\n"


def test_other_bytes_of_a_message_are_written_as_they_are(capfdbinary):
    command.say("\udcff ü\tone\ntwo")

    assert capfdbinary.readouterr().err == b"\xff \xc3\xbc\tone\ntwo\n"
