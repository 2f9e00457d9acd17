"""Settings: one loader, every bad value at once, nothing secret shown."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from adapters.settings import VARIABLES, Settings, SettingsError, environment, load

WORD = "swordfish"
EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_nothing_given_means_the_defaults() -> None:
    assert load({}, None) == Settings()


def test_every_bad_value_is_reported_at_once() -> None:
    bad = {
        "PAPERTAPE_PORT": "65536",
        "FEED": "live",
        "DEBUG": "maybe",
        "FEED_SEED": "1.5",
        "REPLAY_SPEED": "nan",
        "ENABLED_MODULES": "trading,astrology",
        "CORS_ORIGINS": "https://a.example,*",
        "DATABASE_ADMIN_URL": "postgresql://h/d",
    }
    with pytest.raises(SettingsError) as refused:
        load(bad, None)
    assert str(refused.value).splitlines() == [
        "PAPERTAPE_PORT must be a whole number from 0 to 65535",
        "ENABLED_MODULES must be a comma list of identity, trading, market, compliance",
        "FEED must be one of sim, replay, kraken",
        "FEED_SEED must be a whole number from 0 to 9223372036854775807",
        "REPLAY_SPEED must be a number from 0 to 1000000",
        "CORS_ORIGINS must be a comma list of origins such as https://app.example.com",
        "DEBUG must be true or false",
        "DATABASE_ADMIN_URL needs a DATABASE_URL beside it",
    ]


def test_a_bad_value_is_never_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"DATABASE_URL": f"mysql://me:{WORD}@h/d", "NATS_URL": WORD}, None)
    assert WORD not in str(refused.value)


def test_settings_do_not_print_the_passwords_they_hold() -> None:
    assert WORD not in repr(load({"DATABASE_URL": f"postgresql://me:{WORD}@h/d"}, None))


def test_replay_needs_something_to_play() -> None:
    with pytest.raises(SettingsError, match="REPLAY_PATH"):
        load({"FEED": "replay"}, None)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PAPERTAPE_PORT=1\nFEED_SEED=7\n")
    settings = load({"PAPERTAPE_PORT": "2"}, file)
    assert (settings.port, settings.feed_seed) == (2, 7)


def test_a_blank_value_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("NATS_URL=nats://a\nPAPERTAPE_PORT= # a comment\n")
    assert load({"NATS_URL": " "}, file) == Settings()


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("PAPERTAPE_HOST=a.example", "a.example"),
        ("  export PAPERTAPE_HOST = a.example # door", "a.example"),
        ("PAPERTAPE_HOST='a.example' # door", "a.example"),
        ('PAPERTAPE_HOST="a.example"', "a.example"),
        ("\ufeffPAPERTAPE_HOST=a.example\r", "a.example"),
        ("# PAPERTAPE_HOST=a.example", "127.0.0.1"),
    ],
)
def test_a_line_of_the_file_may_be_written_in_many_ways(
    tmp_path: Path, line: str, host: str
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(f"{line}\n".encode())
    assert load({}, file).host == host


def test_quotes_keep_what_a_bare_value_would_lose(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('REPLAY_PATH="a \\"b\\" # c"\nPG_BIN_DIR=\'d # e\'\n')
    settings = load({}, file)
    assert (settings.replay_files, settings.pg_bin_dir) == (Path('a "b" # c'), Path("d # e"))


def test_a_broken_line_is_reported_with_the_bad_values(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FEED=sim\nswordfish\nDEBUG='true\n")
    with pytest.raises(SettingsError) as refused:
        load({"FEED": "live"}, file)
    assert str(refused.value).splitlines() == [
        f"{file} line 2 must be KEY=VALUE",
        f"{file} line 3 must be KEY=VALUE",
        "FEED must be one of sim, replay, kraken",
    ]


def test_a_child_reads_the_very_settings_of_its_parent(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        port=1,
        database_url="postgresql://u@/d?host=/s",
        feed="replay",
        replay_files=tmp_path,
        replay_speed=0.0,
        cors_origins=("https://a.example", "http://b:1"),
        enabled_modules=("market",),
        debug=True,
    )
    file = tmp_path / ".env"
    file.write_text("NATS_URL=nats://of-the-file\nFEED_SEED=9\n")
    assert load(environment(settings), file) == settings


def test_the_example_lists_every_variable_with_its_meaning_and_default() -> None:
    found = re.findall(r"^# (\S.*)\n#([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert [name for _, name, _ in found] == list(VARIABLES.values())
    assert load({name: value for _, name, value in found}, None) == Settings()
    blank = {name for _, name, value in found if not value}
    unset = {f.encode_name for f in msgspec.structs.fields(Settings) if f.default in (None, ())}
    assert blank == unset
