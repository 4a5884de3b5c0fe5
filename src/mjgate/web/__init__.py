"""HTTP in: what clients may ask, and how it is answered."""

from mjgate.web.application import WebSettings, create_app

__all__ = ["WebSettings", "create_app"]
