"""The services that come with Copper; each is also an example of how one is written."""
