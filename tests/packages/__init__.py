"""What is built from this checkout, as users install and run it: `make test-packages`."""
