"""`python -m copper` is `copper`."""

from copper.commands.workflows import main

if __name__ == "__main__":
    main()
