"""`python -m fauxto` is the same as `fauxto`."""

from fauxto.cli.app import main

if __name__ == "__main__":
    main()
