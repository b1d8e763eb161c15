"""The markdown service: a folder of Markdown becomes a static site.

The path of a build: `tree` (folder → pages and files) → `render` (page → HTML) → `clean` (only what is safe stays) with
`links` (each link → where it leads in the site) → `site` (pages → files). `service` is its MQTT face.
"""
