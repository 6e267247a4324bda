"""Run chatlog as `python -m chatlog`."""

from chatlog.cli import main

if __name__ == "__main__":
    main()
