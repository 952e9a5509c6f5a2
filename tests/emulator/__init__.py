"""What the emulator promises."""
