from pathlib import Path

import pytest

from mjgate.config import Config, ConfigError
from mjgate.config.sources import COMMAND_LINE, describe, load, options


def test_without_any_word_every_option_has_its_default() -> None:
    config = load({}, {})

    assert config.data_dir == Path("data").absolute()
    assert config.database_url == f"sqlite:///{Path('data').absolute()}/mjgate.db"
    assert config.address() == "http://127.0.0.1:8000"
    assert config.sources == {}
    assert config.warnings == ()


def test_the_command_line_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mjgate.toml"
    file.write_text('port = 1\nhost = "file.example"\nanswer-wait = 3\n')
    environ = {"MJGATE_CONFIG": str(file), "MJGATE_PORT": "2", "MJGATE_HOST": "env.example"}

    config = load({"port": 3, "host": None}, environ)

    assert (config.port, config.sources["port"]) == (3, COMMAND_LINE)
    assert (config.host, config.sources["host"]) == ("env.example", "MJGATE_HOST")
    assert (config.answer_wait, config.sources["answer_wait"]) == (3.0, str(file))


def test_the_database_follows_the_data_directory(tmp_path: Path) -> None:
    config = load({"data_dir": tmp_path}, {})

    assert config.database_url == f"sqlite:///{tmp_path}/mjgate.db"
    assert config.secret_key_file == tmp_path / "secret.key"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")

    config = load({}, {"MJGATE_SECRET_KEY_FILE": str(file)})

    assert config.secret_key == "k" * 40
    assert config.sources["secret_key"] == "MJGATE_SECRET_KEY_FILE"


def test_a_secret_said_twice_is_refused(tmp_path: Path) -> None:
    environ = {"MJGATE_SECRET_KEY": "k" * 40, "MJGATE_SECRET_KEY_FILE": str(tmp_path)}

    with pytest.raises(ConfigError, match="both set"):
        load({}, environ)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"MJGATE_PORT": "many"},
            "port (MJGATE_PORT) must be a whole number from 0 to 65535, not 'many'.",
        ),
        (
            {"MJGATE_SECRET_KEY": "tooshort"},
            "secret_key (MJGATE_SECRET_KEY) must be a text of 32 to 1024 characters.",
        ),
        (
            {"MJGATE_PUBLIC_URL": "example.com"},
            (
                "public_url (MJGATE_PUBLIC_URL) must be an http:// or https:// address"
                " without a query, not 'example.com'."
            ),
        ),
        (
            {"MJGATE_DATABASE_URL": "mysql://root:hunter2@db/x"},
            (
                "database_url (MJGATE_DATABASE_URL) must be sqlite:////absolute/path"
                " or postgresql://user:password@host/name."
            ),
        ),
        (
            {"MJGATE_SECRET_KEY_FILE": "/nowhere/key"},
            (
                "MJGATE_SECRET_KEY_FILE names /nowhere/key, which cannot be read:"
                " No such file or directory."
            ),
        ),
    ],
)
def test_a_wrong_value_is_answered_with_its_name_its_source_and_what_may_be(
    environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, environ)

    assert str(caught.value) == sentence


def test_a_misspelt_line_of_the_file_is_refused_with_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "mjgate.toml"
    file.write_text("prot = 1\n")

    with pytest.raises(ConfigError, match=r"'prot', which is not an option\. Did you mean port\?"):
        load({"config": file}, {})


@pytest.mark.parametrize("content", ["port = ", "[port]\nx = 1"])
def test_a_file_that_is_not_ours_is_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mjgate.toml"
    file.write_text(content)

    with pytest.raises(ConfigError, match=r"mjgate\.toml"):
        load({"config": file}, {})


def test_a_misspelt_variable_is_warned_of() -> None:
    config = load({}, {"MJGATE_PROT": "1", "MJGATE_CHANNEL_SECRET": "x", "HOME": "/"})

    assert config.warnings == (
        "MJGATE_PROT is set, but there is no such option. Did you mean MJGATE_PORT?",
    )


def test_switches_for_tests_and_open_doors_are_warned_of() -> None:
    config = Config(
        host="0.0.0.0",  # noqa: S104  nobody listens
        time_scale=0.01,
        fault_point="after-send",
        clock_skew=-30,
        allow_private_hosts=("localhost",),
    )

    assert len(config.warnings) == 5


def test_plain_http_beyond_this_machine_is_warned_of() -> None:
    assert Config(public_url="http://mj.example.com").warnings
    assert not Config(public_url="https://mj.example.com").warnings
    assert not Config(public_url="http://127.0.0.1:8000").warnings


def test_lists_and_sizes_are_read_as_people_write_them() -> None:
    config = load(
        {},
        {
            "MJGATE_ALLOW_PRIVATE_HOSTS": "localhost, 10.0.0.0/8",
            "MJGATE_BODY_LIMIT": "12 MiB",
            "MJGATE_NO_WORKERS": "yes",
            "MJGATE_CORS_ORIGINS": "",
        },
    )

    assert config.allow_private_hosts == ("localhost", "10.0.0.0/8")
    assert config.body_limit == 12 * 1024 * 1024
    assert config.no_workers
    assert config.cors_origins == ("*",)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:7"), ("::", "http://[::1]:7")],  # noqa: S104  nobody listens
)
def test_the_address_for_clients_can_be_opened(host: str, url: str) -> None:
    assert Config(host=host, port=0).address(7) == url


def test_secrets_are_masked_wherever_a_config_is_shown() -> None:
    config = load(
        {},
        {
            "MJGATE_SECRET_KEY": "a-very-secret-master-key-that-nobody-sees",
            "MJGATE_ADMIN_PASSWORD": "correct horse battery",
            "MJGATE_DATABASE_URL": "postgresql://app:hunter2@db/mjgate?sslpassword=hunter2",
        },
    )

    shown = repr(config) + repr(describe(config))

    for secret in ("a-very-secret", "correct horse", "hunter2"):
        assert secret not in shown
    assert "postgresql://app:****@db/mjgate" in shown


def test_every_option_has_a_sentence_and_says_what_it_accepts() -> None:
    for row in describe():
        assert row.help.endswith(".")
        assert row.accepts
        assert row.variable == f"MJGATE_{row.name.upper()}"
    assert set(options()) == {row.name for row in describe()}
