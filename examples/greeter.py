"""A service in twelve lines: answers requests on greeter/hello."""

from copper import Job, Service

service = Service("greeter")


@service.action
def hello(name: str, greeting: str = "hello", *, job: Job) -> dict[str, str]:
    """Greet somebody."""
    job.progress(1, 2, "looking up the name")
    return {"text": f"{greeting} {name}"}


if __name__ == "__main__":
    service.run()
