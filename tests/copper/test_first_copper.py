"""The first Copper's services and runner go on working with ours, in all pairings."""

import contextlib
import json
import os
import subprocess
import sys

import pytest

from copper import Service
from tests.copper.firsts import FirstFetcher, FirstMarkdown, first_runner
from tests.copper.standins import Peer, run, serving, wait_for


@contextlib.contextmanager
def ours(broker, folder, *names: str):
    """Our own services, each in a process, as long as the block lasts; they can fetch what lies in `folder/notes`."""
    (folder / "notes").mkdir()
    (folder / "notes" / "index.md").write_text("# Ours\n")
    environment = {
        **os.environ,
        "COPPER_BROKER": broker.url,
        "COPPER_FETCH_DIR": str(folder / "fetch"),
        "COPPER_WEB_DIR": str(folder / "web"),
    }
    processes = []
    try:
        with contextlib.ExitStack() as stack:
            for name in names:
                peer = stack.enter_context(Peer(broker, f"{name}/status"))
                command = [sys.executable, "-m", f"copper.services.{name}"]
                processes.append(subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL))
                wait_for(lambda peer=peer, name=name: peer.next(f"{name}/status") == "connected")
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


@pytest.fixture
def fetcher(broker, tmp_path):
    with FirstFetcher(broker, tmp_path) as one:
        yield one


@pytest.fixture
def markdown(broker):
    with FirstMarkdown(broker) as one:
        yield one


def test_first_services_and_our_runner_on_the_first_coppers_example(broker, fetcher, markdown):
    text = """
- action: fetcher/fetch
  type: github
  repository: MicroWebStacks/astro-big-doc
  ref: main
  filter: content/*
  resource: docs

- action: markdown/build
  resource: docs
  path: content
"""
    result = run(broker, text)
    assert (result.exit_code, result.actions[1].answer) == (0, "test-website")
    assert result.actions[0].answer[0]["total_files"] == 3
    assert fetcher.asked[0]["filter"] == "content/*"


def test_first_fetchers_error_without_a_finish_fails_the_action(broker, fetcher):
    result = run(broker, "- {action: fetcher/fetch, type: github, repository: not/there}")
    assert (result.exit_code, result.actions[0].error) == (1, "404 Not Found")


def test_first_fetchers_empty_finish_after_an_error_is_nobodys_answer(broker, fetcher):
    text = """
        - {action: fetcher/fetch, type: ftp, on_error: continue}
        - {action: fetcher/fetch, type: github, repository: a/b}
    """
    result = run(broker, text)
    assert [one.outcome for one in result.actions] == ["failed", "finished"]
    assert result.actions[1].answer[0]["repository"] == "a/b"


def test_many_at_once_on_the_first_fetcher_get_each_its_own_answer(broker, fetcher):
    lines = [f"- {{action: fetcher/fetch, type: github, repository: a/{n}, needs: []}}" for n in range(8)]
    lines += ["- {action: fetcher/fetch, type: ftp, needs: [], on_error: continue}"]
    lines += ["- {action: fetcher/fetch, type: github, repository: not/there, needs: [], on_error: continue}"]
    result = run(broker, "\n".join(lines))
    assert [one.outcome for one in result.actions] == ["finished"] * 8 + ["failed"] * 2
    assert [one.answer[0]["repository"] for one in result.actions[:8]] == [f"a/{n}" for n in range(8)]
    assert [one.error for one in result.actions[8:]] == ["type 'ftp' not supported", "404 Not Found"]


def test_first_markdowns_error_and_death(broker, markdown):
    assert run(broker, "- {action: markdown/build, resource: x}").actions[0].error == "no path"
    markdown._take = None
    markdown.client.on_message = lambda client, _data, _message: client.socket().close()
    result = run(broker, "- {action: markdown/build, path: x}")
    assert (result.exit_code, result.actions[0].outcome) == (3, "gone")


def test_first_search_services_error_topic(broker):
    def collect(client, _data, message) -> None:
        client.publish("search/collect/start", message.payload)
        client.publish("search/collect/error", '{"error": "no index"}')

    with Peer(broker, "search/collect", on_message=collect):
        result = run(broker, "- action: search/collect")
    assert (result.exit_code, result.actions[0].error) == (1, "no index")


def test_our_services_and_the_first_runner(broker, tmp_path):
    with ours(broker, tmp_path, "fetcher", "markdown"):
        entries = [
            {"action": "fetcher/fetch", "type": "local", "path": "notes", "resource": "docs"},
            {"action": "markdown/build", "resource": "docs"},
        ]
        fetched, built = first_runner(broker.url, entries)
    one = json.loads(fetched)
    one = one[0] if isinstance(one, list) else one
    fields = {"path", "total_files", "filtered_files", "size_bytes", "size_text", "duration", "duration_text"}
    assert fields <= set(one)
    assert json.loads(built)["pages"] >= 1


def test_a_service_of_the_sdk_and_the_first_runner(broker):
    service = Service("worker", broker=broker.url)

    @service.action
    def act(n: int) -> int:
        return n + 1

    with serving(service), Peer(broker, "worker/status") as peer:
        assert peer.next("worker/status") == "connected"
        entries = [{"action": "worker/act", "n": n} for n in (1, 2, 2)]
        assert first_runner(broker.url, entries) == ["2", "3", "3"], "the same entry twice is two requests"


def test_first_services_and_the_first_runner_on_our_brokers(broker, fetcher, markdown):
    entries = [
        {"action": "fetcher/fetch", "type": "github", "repository": "a/b"},
        {"action": "markdown/build", "path": "content"},
    ]
    assert first_runner(broker.url, entries)[1] == "test-website"


def test_our_markdown_builds_what_the_first_fetcher_brought(broker, tmp_path, fetcher):
    text = """
        - {action: fetcher/fetch, type: github, repository: a/b, id: docs}
        - {action: markdown/build, path: '${docs.path}'}
    """
    with ours(broker, tmp_path, "markdown"):
        result = run(broker, text)
    assert result.exit_code == 0, result
    assert result.actions[1].answer["pages"] >= 1


def test_the_first_markdown_gets_what_our_fetcher_brought(broker, tmp_path, markdown):
    text = """
        - {action: fetcher/fetch, type: local, path: notes, id: docs}
        - {action: markdown/build, path: '${docs.path}'}
    """
    with ours(broker, tmp_path, "fetcher"):
        result = run(broker, text)
    assert (result.exit_code, result.actions[1].answer) == (0, "test-website"), result
    answer = result.actions[0].answer
    assert markdown.asked[0]["path"] == (answer[0] if isinstance(answer, list) else answer)["path"]
