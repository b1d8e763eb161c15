"""`python -m copper` is `copper`."""

from copper.commands.entry import copper

if __name__ == "__main__":
    copper()
