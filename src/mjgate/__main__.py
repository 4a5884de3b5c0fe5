"""`python -m mjgate` is the same as the command `mjgate`."""

from mjgate.cli import main

if __name__ == "__main__":
    main()
