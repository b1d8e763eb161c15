"""Topic names and filters as MQTT 3.1.1 (section 4.7) and 5 define them: strings in, answers out; knows no client."""

from __future__ import annotations

SHARE = "$share/"


def is_wildcard(topic_filter: str) -> bool:
    """Whether a filter can match more than one topic."""
    return "+" in topic_filter or "#" in topic_filter


def split_share(topic_filter: str) -> tuple[str | None, str]:
    """The group and the plain filter of `$share/GROUP/FILTER`; (None, filter) for any other."""
    if not topic_filter.startswith(SHARE):
        return None, topic_filter
    group, _, plain = topic_filter[len(SHARE) :].partition("/")
    return (group, plain) if plain else (None, topic_filter)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a plain filter (no `$share/`) matches a topic.

    `sport/#` matches `sport` too (4.7.1.2). Topics that begin with `$` are matched by no filter that begins
    with a wildcard (4.7.2).
    """
    if not is_wildcard(topic_filter):
        return topic_filter == topic
    if topic[:1] == "$" and topic_filter[:1] in {"+", "#"}:
        return False
    levels = topic.split("/")
    wanted = topic_filter.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index == len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


def rank(topic_filter: str) -> tuple[int, ...]:
    """Where a plain filter stands among all that match one topic: sort by it (src/subs.c, sub__search).

    Mosquitto looks at a level's own name first, then at `+`, then at `#`; and at `sport/#` before `sport`.
    """
    levels = topic_filter.split("/")
    if levels[-1] == "#":
        return (*(level == "+" for level in levels[:-1]), 2)
    return (*(level == "+" for level in levels), 3)
