"""The man pages, made from the parsers of the commands: `python -m manual FOLDER`."""
