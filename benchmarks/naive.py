"""What people write: one regular expression a line, and a message comes from whoever published last on its topic.

The peer of `copper-trace graph`. It is wrong where several publish on a topic, where a message waits for its receiver
or its PUBREL, is retained or a will, and it does not see names with spaces or quotes.
"""

import re
import sys
from collections import Counter

LINE = re.compile(
    rb"\d+: (Received|Sending) PUBLISH (?:from|to) (\S+) \(d\d, q\d, r\d, m\d+, '([^']*)', \.\.\. \((\d+) bytes\)\)"
)

published: Counter[tuple[bytes, bytes]] = Counter()
delivered: Counter[tuple[bytes, bytes, bytes]] = Counter()
sizes: Counter[bytes] = Counter()
last: dict[bytes, bytes] = {}
with open(sys.argv[1], "rb") as file:  # noqa: PTH123
    for line in file:
        if match := LINE.match(line):
            verb, client, topic, size = match.groups()
            sizes[topic] += int(size)
            if verb == b"Received":
                last[topic] = client
                published[client, topic] += 1
            else:
                delivered[last.get(topic, b"?"), topic, client] += 1
for edge, count in [*published.items(), *delivered.items()]:
    print(*(name.decode() for name in edge), count)
