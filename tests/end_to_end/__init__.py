"""The two commands as processes, with the real ``qq``, against an emulated cluster over TLS."""
