"""`python -m copper.services.fetcher`: serve until stopped."""

from copper.services.fetcher.service import service

service.run()
