import io
import json
import logging

from mjgate import telemetry


def written(sink: io.StringIO) -> dict[str, object]:
    return json.loads(sink.getvalue().splitlines()[-1])


def test_a_log_line_is_one_object_with_its_extras_and_the_request_it_belongs_to(
    sink: io.StringIO,
) -> None:
    telemetry.configure(style="json", to=sink)
    token = telemetry.request_id.set("req-1")

    logging.getLogger("mjgate.test").info("task moved", extra={"task_id": 7, "to": "RUNNING"})

    telemetry.request_id.reset(token)
    line = written(sink)
    assert line["message"] == "task moved"
    assert line["level"] == "info"
    assert line["task_id"] == 7
    assert line["to"] == "RUNNING"
    assert line["request_id"] == "req-1"
    assert str(line["timestamp"]).endswith("Z")


def test_secrets_do_not_get_into_the_log_whoever_logs_them(sink: io.StringIO) -> None:
    telemetry.configure(style="json", to=sink)

    logging.getLogger("elsewhere").warning(
        "GET https://bob:hunter2@example.com/mj/image/1?sig=abcdef failed for %s",
        "Bearer sk-0123456789abcdef",
        extra={
            "headers": {"mj-api-secret": "topsecret", "Accept": "x"},
            "password": "hunter2",
            "prompt": "a private wish",
            "url": "/mj/task/1/fetch?key=topsecret",
        },
    )

    text = sink.getvalue()
    for secret in ("hunter2", "abcdef", "topsecret", "private wish"):
        assert secret not in text
    assert "example.com/mj/image/1" in text


def test_a_traceback_is_written_without_the_addresses_queries(sink: io.StringIO) -> None:
    telemetry.configure(style="json", to=sink)

    try:
        int("https://example.com/pic.png?signature=abcdef")
    except ValueError:
        logging.getLogger("mjgate.test").exception("could not look")

    line = written(sink)
    assert "ValueError" in str(line["exception"])
    assert "abcdef" not in sink.getvalue()


def test_prompts_are_written_where_the_operator_wants_them(sink: io.StringIO) -> None:
    telemetry.configure(style="json", prompts=True, to=sink)

    logging.getLogger("mjgate.test").info("submitted", extra={"prompt": "a cat"})

    assert written(sink)["prompt"] == "a cat"


def test_strangers_text_cannot_move_the_cursor_of_a_terminal(sink: io.StringIO) -> None:
    telemetry.configure(style="console", to=sink)

    logging.getLogger("mjgate.test").info("upstream said %s", "\x1b[2Jhello\x07\u202e")

    assert "\x1b" not in sink.getvalue()
    assert "\x07" not in sink.getvalue()
    assert "\u202e" not in sink.getvalue()


def test_what_is_below_the_level_is_not_written(sink: io.StringIO) -> None:
    telemetry.configure(style="json", level="warning", to=sink)

    logging.getLogger("mjgate.test").info("not this")

    assert not sink.getvalue()
