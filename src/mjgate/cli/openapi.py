"""`mjgate openapi`: everything that is served, as OpenAPI 3.1 has it."""

from typing import Annotated

import typer

from mjgate.cli.place import ConfigFile, Place
from mjgate.cli.terminal import answer
from mjgate.web.openapi import document
from mjgate.web.openapi.words import Language


def openapi(
    *,
    language: Annotated[
        Language, typer.Option("--language", help="In which language it is explained.")
    ] = Language.EN,
    config: ConfigFile = None,
) -> None:
    """Print the description of everything that is served."""
    answer(document(language, Place(config=config).load().address()))
