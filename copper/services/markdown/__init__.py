"""The markdown service: a folder of Markdown becomes a static site."""
