"""The browser that tests use: it sees what a page does, and lets nothing out."""


def test_what_a_page_asks_of_another_machine_is_blocked_and_remembered(visit, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="http://192.0.2.1/x.png"><script>console.error("seen"); nobody()</script>')
    there = visit(page)
    assert there.strayed == ["http://192.0.2.1/x.png"]
    assert there.requests[0] == page.as_uri()
    assert "seen" in there.errors
    assert any("nobody is not defined" in error for error in there.errors)
