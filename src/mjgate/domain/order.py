"""
An order: a submit body, checked against its rule, before it is a task.

Fields that mean nothing here travel on to the channel, within bounds; `null`, `""`, `[]` and `{}`
mean absent. Every refusal names the field.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from mjgate.domain.action import COMMON, RULES, STATE_MOST, Bot, Field, Kind, Mode, Rule
from mjgate.domain.errors import BadField, BadImage, MissingField
from mjgate.domain.extras import absent, extras
from mjgate.domain.image import Picture, read_image
from mjgate.domain.prompt import clean, without_mode_flags

Body = Mapping[str, object]
Image = Picture | str
Value = str | int | bool | tuple[str, ...] | tuple[Image, ...] | Mapping[str, object]

_NESTED: Final = ("instanceId", "modes", "remix")
"""What may stand in `accountFilter` as well as beside it; what stands in it counts."""

_PREFERRED: Final = (("remix", "remix"), ("nijiRemix", "niji_remix"))
"""What the account filter may prefer, and the option of a channel that had then better be on."""

_ROWS: Final[Mapping[str, Mapping[str, Field]]] = {
    rule.path: {row.name: row for row in (*COMMON, *rule.fields)} for rule in RULES.values()
}
"""What a submit to each path may carry, by the names of its fields."""

_TASK_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client asks for. `modes` are the wanted ones, best first."""

    rule: Rule
    prompt: str = ""
    bot: Bot = Bot.MID_JOURNEY
    modes: tuple[Mode, ...] = ()
    instance_id: str = ""
    remix: bool = False
    prefers: frozenset[str] = frozenset()  # options of a channel, and its name
    caller_state: str = ""
    hook_url: str = ""
    parent: str = ""
    custom_id: str = ""
    images: tuple[Image, ...] = ()
    named_images: Mapping[str, Image]
    image_fields: Mapping[str, str]  # by "images" or the role: what the client calls the field
    fields: Mapping[str, str | int | bool]
    extras: Mapping[str, object]
    hops: tuple[str, ...] = ()  # installations that it has come through
    opened: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Own addresses in the prompt that were judged before, with the hashes of their contents."""
    asks: bool = False  # opens a window first, although it is no button


def read_order(rule: Rule, body: Body) -> Order:
    """Check `body` against `rule`. MissingField, BadField, BadImage, BadAddress name the field."""
    values = _values(_ROWS[rule.path], {**body, **_account_filter(body)})
    _complete(rule, values)
    images, named, image_fields = _images(rule, values)
    own = {"prompt", "taskId", "customId", "chooseSameChannel"}
    return Order(
        rule=rule,
        prompt=str(values.get("prompt", "")),
        bot=_bot(values.get("botType")),
        modes=_modes(values),
        instance_id=str(values.get("instanceId", "")),
        remix=values.get("enableRemix") is True,
        prefers=_prefers(body),
        caller_state=str(values.get("state", "")),
        hook_url=str(values.get("notifyHook", "")),
        parent=str(values.get("taskId", "")),
        custom_id=str(values.get("customId", "")),
        images=images,
        named_images=named,
        image_fields=image_fields,
        fields={
            row.name: value
            for row in rule.fields
            if row.name not in own and isinstance(value := values.get(row.name), str | int)
        },
        extras=extras(body),
    )


def _values(rows: Mapping[str, Field], body: Body) -> dict[str, Value]:
    """Every field that is present, as its kind reads it."""
    values: dict[str, Value] = {}
    for name, row in rows.items():
        if name not in body:
            continue
        other, word = row.ignored_if
        if other and values.get(other) == word:
            continue
        value = _value(row, body.get(name))
        if value is not None:
            values[name] = value
    return values


def _complete(rule: Rule, values: Mapping[str, Value]) -> None:
    for row in rule.fields:
        other, word = row.ignored_if
        needed = row.required and not (other and values.get(other) == word)
        if (needed or row.needed_with in values) and row.name not in values:
            msg = f"{row.name} is required."
            raise MissingField(msg, field=row.name)
    for group in rule.either:
        if not any(name in values for name in group):
            msg = f"One of {', '.join(group)} is required."
            raise MissingField(msg, field=group[0])


def _value(row: Field, raw: object) -> Value | None:
    """The field as its kind reads it; None when it is absent."""
    return None if absent(raw) else _READERS[row.kind](row, raw)


def _flag(row: Field, raw: object) -> bool:
    del row
    return raw is True or (isinstance(raw, str) and raw.strip().lower() == "true")


def _image(row: Field, raw: object) -> tuple[Image, ...]:
    return (read_image(_bounded(row, raw, "an address or base64"), row.name),)


def _words(row: Field, raw: object) -> tuple[str, ...]:
    return tuple(each for each in _list(raw)[: row.most] if isinstance(each, str))


def _object(row: Field, raw: object) -> Mapping[str, object] | None:
    del row
    return cast("Mapping[str, object]", raw) if isinstance(raw, dict) else None


def _bounded(row: Field, raw: object, what: str) -> str:
    if not isinstance(raw, str):
        msg = f"{row.name} must be {what}."
        raise BadField(msg, field=row.name)
    return raw


def _text(row: Field, raw: object) -> str | None:
    text = clean(_bounded(row, raw, "text"))
    if len(text) > row.most:
        msg = f"{row.name} may have at most {row.most} characters, not {len(text)}."
        raise BadField(msg, field=row.name)
    if not row.required:
        return text
    return text if without_mode_flags(text).strip() else None  # which is all that would travel on


def _task_id(row: Field, raw: object) -> str:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not _TASK_ID.fullmatch(text):
        msg = f"{row.name} must be the id of a task."
        raise BadField(msg, field=row.name)
    return text


def _number(row: Field, raw: object) -> int:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) not in row.numbers:
        msg = f"{row.name} must be one of {', '.join(map(str, row.numbers))}."
        raise BadField(msg, field=row.name)
    return int(text)


def _choice(row: Field, raw: object) -> str:
    """One of the choices as it is spelled upstream, whatever the letter case it came in."""
    word = raw.strip().upper() if isinstance(raw, str) else ""
    for choice in row.choices:
        if choice.upper() == word:
            return choice
    msg = f"{row.name} must be one of {', '.join(row.choices)}."
    raise BadField(msg, field=row.name)


def _list(raw: object) -> Sequence[object]:
    return cast("Sequence[object]", raw) if isinstance(raw, list) else (raw,)


def _list_of_images(row: Field, raw: object) -> tuple[Image, ...] | None:
    if not _texts(raw):
        msg = f"{row.name} must be a list of addresses or base64 texts."
        raise BadImage(msg, field=row.name)
    present = [str(each) for each in _list(raw) if each]
    if not present and not row.required:
        return None
    if not row.least <= len(present) <= row.most:
        span = f"{row.least} to {row.most}" if row.least else f"at most {row.most}"
        msg = f"{row.name} takes {span} images, not {len(present)}."
        raise BadField(msg, field=row.name)
    return tuple(read_image(each, row.name) for each in present)


def _texts(raw: object) -> bool:
    return all(isinstance(each, str) or each is None for each in _list(raw))


def _images(
    rule: Rule, values: Mapping[str, Value]
) -> tuple[tuple[Image, ...], dict[str, Image], dict[str, str]]:
    """The reference images in order, those with a role of their own, and the fields they are of."""
    images: list[Image] = []
    named: dict[str, Image] = {}
    fields: dict[str, str] = {}
    for row in rule.fields:
        value = values.get(row.name)
        if row.kind not in {Kind.IMAGE, Kind.IMAGES} or not isinstance(value, tuple):
            continue
        pictures = cast("tuple[Image, ...]", value)
        fields.setdefault(row.into or row.name, row.name)
        if row.into == "images":
            images.extend(pictures)
        else:
            named.setdefault(row.into or row.name, pictures[0])
    return tuple(images), named, fields


def _account_filter(body: Body) -> dict[str, object]:
    """What the account filter says of fields that may also stand beside it."""
    found = body.get("accountFilter")
    if not isinstance(found, dict):
        return {}
    inner = cast("Body", found)
    return {name: inner[name] for name in _NESTED if not absent(inner.get(name))}


def _prefers(body: Body) -> frozenset[str]:
    """What the account filter would rather have; what it says badly it does not say."""
    found = body.get("accountFilter")
    inner = {**body, **cast("Body", found)} if isinstance(found, dict) else body
    wanted = [option for word, option in _PREFERRED if inner.get(word) is True]
    remark = inner.get("remark")
    if isinstance(remark, str) and remark:
        wanted.append(remark[:STATE_MOST])
    return frozenset(wanted)


def _bot(word: Value | None) -> Bot:
    return Bot.NIJI_JOURNEY if word in {"NIJI", "NIJI_JOURNEY"} else Bot.MID_JOURNEY


def _modes(values: Mapping[str, Value]) -> tuple[Mode, ...]:
    """Wanted modes in the protocol's order; words that name no mode are left out."""
    listed = cast("tuple[str, ...]", values.get("modes", ()))
    names = [word.strip().upper() for word in (str(values.get("mode", "")), *listed)]
    return tuple(dict.fromkeys(Mode(name) for name in names if name in Mode.__members__))


_READERS: Final[Mapping[Kind, Callable[[Field, object], Value | None]]] = {
    Kind.TEXT: _text,
    Kind.TASK: _task_id,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.CHOICE: _choice,
    Kind.IMAGE: _image,
    Kind.IMAGES: _list_of_images,
    Kind.LIST: _words,
    Kind.OBJECT: _object,
}
