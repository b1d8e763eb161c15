"""The fetcher: brings files from elsewhere into a folder that other services read.

The path of one request: `entry` (what is asked) → `sources` (which version is there, and its files) → `filter`
(which of them) → `tree` (into a work folder) → `place` (swapped in, and remembered). `fetch` is that path on one
page, `service` its MQTT face.
"""
