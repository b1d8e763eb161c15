"""`pytest tests/tracer --accept` writes what the tracer makes of the corpus over what is expected: review the diff."""


def pytest_addoption(parser):
    parser.addoption("--accept", action="store_true", help="take what the tracer makes of the corpus as right")
