"""`python -m copper.services.markdown`: serve until stopped."""

from copper.services.markdown.service import service

service.run()
