"""What stands in a file of each format, read back by other means than those that wrote it.

A reader gives the names of services and topics and the lines between them as people see them (`viz.text.shown`, cut
where the format cuts). A new format needs one: the test of all formats fails where there is none.

Two formats can't be read back so, and have tests of their own: a PNG is nothing but pixels, and of a PDF the text can
be had (that it says all that the SVG says is tested), but not which text belongs to which shape.
"""

import csv
import html
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import networkx as nx

from tests.needs import need
from viz.lines import TIMES
from viz.text import label, shown

SVG = "{http://www.w3.org/2000/svg}"
VERBS = {
    "publishes": "publish",
    "was refused to publish": "deny",
    "receives": "subscribe",
    "waits for": "subscribe",
}


@dataclass(frozen=True)
class Seen:
    """What a file holds.

    Attributes:
        services, topics: names.
        lines: (kind, from, to), kind being publish, subscribe or deny.
        delivered: (from, to, topic), None where the format does not say it.
    """

    services: frozenset[str]
    topics: frozenset[str]
    lines: frozenset[tuple[str, str, str]]
    delivered: frozenset[tuple[str, str, str]] | None = None


def of_graph(graph, name=shown):
    """What a file of this graph has to hold, in names as `name` makes them; hidden nodes don't count."""
    names = {node: name(each["name"]) for node, each in graph.nodes(data=True) if not each.get("hidden")}
    hidden = {each["name"] for _, each in graph.nodes(data=True) if each.get("hidden")}
    kinds = {node: graph.nodes[node]["kind"] for node in names}
    edges = [edge for edge in graph.edges(keys=True, data=True) if edge[0] in names and edge[1] in names]
    return Seen(
        frozenset(names[node] for node in names if kinds[node] == "service"),
        frozenset(names[node] for node in names if kinds[node] == "topic"),
        frozenset((key, names[one], names[two]) for one, two, key, edge in edges if "topic" not in edge),
        frozenset(
            (names[one], names[two], name(edge["topic"]))
            for one, two, _, edge in edges
            if "topic" in edge and edge["topic"] not in hidden
        ),
    )


def as_written(text):
    """A text of `viz.text.reversible` as it was."""
    return re.sub(r"\\(\\|u([0-9a-f]{4}))", lambda found: chr(int(found[2], 16)) if found[2] else "\\", text)


def of_json(data):
    return of_graph(nx.node_link_graph(json.loads(data), edges="edges"))


def of_graphml(data):
    graph = nx.read_graphml(io.BytesIO(data), force_multigraph=True)
    for _, each in graph.nodes(data=True):
        each["name"] = as_written(each["name"])
    for *_, each in graph.edges(data=True):
        if "topic" in each:
            each["topic"] = as_written(each["topic"])
    return of_graph(graph)


def of_csv(data):
    ends = {"publish": ("service", "topic"), "deny": ("service", "topic"), "subscribe": ("topic", "service")}
    names = {"service": set(), "topic": set()}
    lines, delivered = set(), set()

    def read(cell):
        return shown(as_written(cell.removeprefix("'")))

    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    hidden = {row["topic"] for row in rows if row["hidden"]}
    hidden |= {row[end] for row in rows for end in ("from", "to") if row["hidden"] and row["kind"] != "deliver"}
    for row in rows:
        kind, one, two = row["kind"], read(row["from"]), read(row["to"])
        if row["hidden"]:
            continue
        if kind in names:
            names[kind].add(one)
        elif kind == "deliver":
            delivered.add((one, two, read(row["topic"])))
            names["service"] |= {one, two}
        else:
            lines.add((kind, one, two))
            for end, name in zip(ends[kind], (one, two), strict=True):
                names[end].add(name)
    return Seen(frozenset(names["service"]), frozenset(names["topic"]), frozenset(lines), frozenset(delivered))


def of_dot(data):
    answer = subprocess.run([need("dot"), "-Tdot_json"], input=data, capture_output=True, timeout=30, check=True)
    parsed = json.loads(answer.stdout)
    nodes = [(node["name"].partition(":")[0], without_times(tooltip(node))) for node in parsed.get("objects", ())]
    lines, delivered = set(), set()
    for edge in parsed.get("edges", ()):
        kind, _, topic = tooltip(edge).rpartition(": ")[0].partition(" ")
        ends = nodes[edge["tail"]][1], nodes[edge["head"]][1]
        if kind == "deliver":
            delivered.add((*ends, topic))
        else:
            lines.add((kind, *ends))
    return Seen(of_kind(nodes, "service"), of_kind(nodes, "topic"), frozenset(lines), frozenset(delivered))


def tooltip(one):
    """A text with escapes and entities of its own, which dot hands on as it is."""
    return html.unescape(one["tooltip"].replace("\\\\", "\\"))


def of_kind(nodes, kind):
    return frozenset(name for known, name in nodes if known == kind)


def without_times(text):
    return re.sub(rf" {TIMES}[\d,]+$", "", text)


def of_mermaid(data):
    text = data.decode()
    nodes, lines = {}, set()
    for name, words in re.findall(r'^  ([st]\d+)(?:\(\[|\[)"(.*?)"', text, re.MULTILINE):
        plain = html.unescape(re.sub(r"#(\d+);", r"&#\1;", words))
        nodes[name] = ("service" if name[0] == "s" else "topic", without_times(plain))
    for one, arrow, two in re.findall(r"^  ([st]\d+) ([-.xo>]+) ([st]\d+)$", text, re.MULTILINE):
        kind = "subscribe" if one[0] == "t" else "deny" if arrow == "--x" else "publish"
        lines.add((kind, nodes[one][1], nodes[two][1]))
    return Seen(of_kind(nodes.values(), "service"), of_kind(nodes.values(), "topic"), frozenset(lines))


def of_svg(data):
    nodes, lines = [], set()
    for group in ET.fromstring(data).iter(f"{SVG}g"):
        classes = (group.get("class") or "").split()
        said = group.findtext(f"{SVG}title", "").partition("\n")[0]
        if classes[:1] == ["n"] and (classes[1].startswith("k") or "r" in classes[1]):
            nodes.append(("service" if classes[1].startswith("k") else "topic", without_times(said)))
        elif classes[:1] == ["e"]:
            lines.update(lines_of(said))
    return Seen(of_kind(nodes, "service"), of_kind(nodes, "topic"), frozenset(lines))


def lines_of(sentence):
    """`A receives b, c` → its lines."""
    verb = next(verb for verb in VERBS if f" {verb} " in sentence)
    service, _, topics = sentence.partition(f" {verb} ")
    for topic in topics.split(", "):
        ends = (topic, service) if VERBS[verb] == "subscribe" else (service, topic)
        yield (VERBS[verb], *ends)


def of_drawio(data):
    objects = {each.get("id"): each for each in ET.fromstring(data).iter("object")}
    kinds = {"service": "service", "topic": "topic"}
    found = [(key.partition("-")[0], each.get("name")) for key, each in objects.items()]
    nodes = [(kinds[kind], name) for kind, name in found if kind in kinds]
    lines = set()
    for each in objects.values():
        cell = each.find("mxCell")
        if cell.get("edge") and each.get("kind") != "deliver":
            assert cell.get("source") in objects
            assert cell.get("target") in objects
            lines.update(lines_of(html.unescape(each.get("tooltip").partition("\n")[0])))
    return Seen(of_kind(nodes, "service"), of_kind(nodes, "topic"), frozenset(lines))


def of_html(data):
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', data.decode(), re.DOTALL)
    facts = next(each for each in map(json.loads, blocks) if "nodes" in each)
    nodes = [(node["kind"], node["text"]) for node in facts["nodes"]]
    lines = {(line["kind"], nodes[line["from"]][1], nodes[line["to"]][1]) for line in facts["lines"]}
    return Seen(of_kind(nodes, "service"), of_kind(nodes, "topic"), frozenset(lines))


READERS = {
    "csv": of_csv,
    "dot": of_dot,
    "drawio": of_drawio,
    "graphml": of_graphml,
    "html": of_html,
    "json": of_json,
    "mermaid": of_mermaid,
    "svg": of_svg,
}
CUT = {"mermaid": label}
"""Formats that hold names only as they are cut to fit."""
NO_NAMES = {"png": "it is nothing but pixels", "pdf": "its text belongs to no shape"}
