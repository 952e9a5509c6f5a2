"""What a program does to a disk: recorded, made to fail, and ended by SIGKILL at any call."""
