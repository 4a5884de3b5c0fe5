from tests.web.api.desk import admin

__all__ = ["admin"]
