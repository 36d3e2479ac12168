"""The released model behind an endpoint and a page."""
