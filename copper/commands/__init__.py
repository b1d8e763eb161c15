"""The two commands: arguments in, one call, text out, exit code."""
