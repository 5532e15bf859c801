"""Commands that run a server or need none: dev, serve, migrate, check-config, healthcheck, version, help."""

import json
import os
import re
import select
import signal
import subprocess

import pytest
import servers
from conftest import Program
from table import COMMANDS, OPTIONS

SECRET = [name for name, _, flags in OPTIONS if "SECRET" in flags]
KEY = "ab" * 32


# ---- help, version, unknown commands ---------------------------------------------------------------------------------


def test_help(alone):
    ended = alone("help")
    assert ended.out == alone("--help").out == alone("-h").out
    assert ended.err == ""
    for command in COMMANDS.values():
        words = " ".join(["firn", *command.words, *command.arguments]).removeprefix("firn ")
        assert re.search(rf"^  {re.escape(words)} +{re.escape(command.summary)}$", ended.out, re.M)
    bare = alone(code=2)
    assert (bare.out, bare.err) == ("", ended.out)


def test_help_of_what_is_not(alone):
    for words in (["nope"], ["table", "nope"], ["serve", "now"]):
        ended = alone("help", *words, code=2)
        assert ended.err == f"firn: no help for '{' '.join(words)}'\nhint: `firn help` lists the commands\n"
        assert ended.out == ""


@pytest.mark.parametrize(
    ("words", "named", "nearest"),
    [
        (["sevre"], "sevre", "firn serve"),
        (["tabel", "ls"], "tabel ls", "firn table ls"),
        (["table", "shwo", "a.b"], "table shwo", "firn table show"),
        (["warehouse", "drp"], "warehouse drp", "firn warehouse drop"),
    ],
)
def test_unknown_command(alone, words, named, nearest):
    ended = alone(*words, code=2)
    assert ended.err == f"firn: unknown command '{named}'\nhint: did you mean `{nearest}`?\n"
    assert ended.out == ""


def test_unknown_command_far_from_all(alone):
    ended = alone("frobnicate", code=2)
    assert ended.err == "firn: unknown command 'frobnicate'\nhint: `firn help` lists the commands\n"


def test_version(alone):
    text = alone("version").out
    assert alone("--version").out == text
    versions = json.loads(alone("version", "--json").out)
    assert text.startswith(f"firn {versions['version']} (schema {versions['schema']}, Iceberg tables v1-v3, views v1)")
    assert isinstance(versions["schema"], str)


# ---- check-config ----------------------------------------------------------------------------------------------------


def test_defaults(alone):
    lines = [line.split(maxsplit=2) for line in alone("check-config").out.splitlines()]
    assert [(line[0], line[1]) for line in lines] == [(name, "default") for name, _, _ in OPTIONS]
    values = json.loads(alone("check-config", "--json").out)
    assert list(values) == [name for name, _, _ in OPTIONS]
    assert values["listen"] == {"value": "127.0.0.1:8181", "from": "default"}


def test_where_values_come_from(alone, folder):
    file = folder / "firn.conf"
    lines = ["# a comment", "listen = 127.0.0.1:1", "lanes = 3", 'warehouse = file:///a "b" \\c', f"master_key = {KEY}"]
    file.write_text("\n".join(lines) + "\n")
    told = alone.with_env(FIRN_LISTEN="127.0.0.1:2", FIRN_LANES="4", FIRN_DATABASE_URL="host=x password=hidden")
    words = ["check-config", "--config", str(file), "--listen", "127.0.0.1:3", "--local-files"]
    values = json.loads(told(*words, "--json").out)
    assert values["listen"] == {"value": "127.0.0.1:3", "from": "flag"}
    assert values["local_files"] == {"value": "true", "from": "flag"}
    assert values["lanes"] == {"value": "4", "from": "environment"}
    assert values["warehouse"] == {"value": 'file:///a "b" \\c', "from": "file"}
    assert values["master_key"] == {"value": "(set)", "from": "file"}
    assert values["database_url"] == {"value": "(set)", "from": "environment"}
    text = told(*words).out
    assert re.search(r"^lanes +environment +4$", text, re.M)
    assert "hidden" not in text and KEY not in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lanes = lots\n", ["'lanes'", "'lots'", "0 to 1000000"]),
        ("lanes = 0\n", ["lanes", "1 to 512", "not 0"]),
        ("loops = 999\n", ["loops", "256", "999"]),
        ("cache = 5x\n", ["'cache'", "'5x'", "64m"]),
        ("idle_timeout = 9y\n", ["'idle_timeout'", "'9y'", "30s"]),
        ("local_files = maybe\n", ["'local_files'", "'maybe'", "true or false"]),
        ("colour = red\n", ["'colour'", "firn help serve"]),
        ("[server]\nlanes = 1\n", ["[server]", "without sections"]),
        ("lanes = 1\nnonsense\n", ["line 2", "name = value"]),
        ("listen = 8181\n", ["listen", "'8181'", "127.0.0.1:8181"]),
        ("log_format = xml\n", ["log_format", "'xml'", "json"]),
        ("log_level = loud\n", ["log_level", "'loud'", "warn"]),
        ("master_key = abc\n", ["64 hex digits", "openssl rand -hex 32"]),
        ("master_key_file = /nowhere/key\n", ["master_key_file", "/nowhere/key"]),
    ],
)
def test_bad_configuration(alone, folder, text, says):
    file = folder / "firn.conf"
    file.write_text(text)
    code = 3 if "nowhere" in text else 2
    ended = alone("check-config", "--config", str(file), code=code)
    assert ended.out == ""
    assert ended.err.startswith("firn: ") and "\nhint: " in ended.err
    for part in says:
        assert part in ended.err
    assert alone("check-config", "--json", "--config", str(file), code=code).out == ""


def test_configuration_file_that_is_not_there(alone):
    assert "/nowhere/firn.conf" in alone("check-config", "--config", "/nowhere/firn.conf", code=3).err


def test_bad_environment_and_flag(alone):
    assert "FIRN_LANES: option 'lanes' can't be 'x'" in alone.with_env(FIRN_LANES="x")("check-config", code=2).err
    assert "'lanes' can't be 'x'" in alone("check-config", "--lanes", "x", code=2).err


@pytest.mark.parametrize("name", SECRET)
def test_secrets_are_refused_on_a_command_line(alone, name):
    for command in (command for command in COMMANDS.values() if command.options):
        ended = alone(*command.words, f"--{name.replace('_', '-')}=hidden", code=2)
        assert name in ended.err and "the file or the environment" in ended.err
        assert "hidden" not in ended.err + ended.out
    bad = alone.with_env(**{f"FIRN_{name.upper()}": "hidden"})("check-config", code=2 if name == "master_key" else 0)
    assert "hidden" not in bad.err + bad.out


# ---- healthcheck -----------------------------------------------------------------------------------------------------


def test_healthcheck(firn, alone, server):
    ended = firn("healthcheck")
    assert ended.out == ended.err == ""
    alone("healthcheck", "--server", server.uri)
    down = alone("healthcheck", code=6)
    assert alone.environment["FIRN_SERVER"] in down.err
    assert down.out == ""


# ---- dev -------------------------------------------------------------------------------------------------------------


def test_dev_twice(firn, server, folder):
    data = str(server.folder / "data")
    ended = firn("dev", "--detach", "--data-dir", data, code=5)
    assert f"Another firn (pid {server.pid}) runs on {data}" in ended.err and "--data-dir" in ended.err
    address = server.uri.removeprefix("http://")
    ended = firn("dev", "--detach", "--data-dir", str(folder / "data"), "--listen", address, code=5)
    assert f"listen: {address} is in use" in ended.err
    assert "firn.log tells more" in ended.err
    assert not (folder / "data" / "firn.url").exists()


def test_dev_in_the_foreground(alone, folder):
    """It tells how to reach it, answers, and ends by Ctrl-C."""
    address = f"127.0.0.1:{servers.free_ports(1)[0]}"
    started = alone.start(
        *("dev", "--data-dir", str(folder / "data"), "--listen", address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        for line in started.stdout:
            if line.startswith("  curl "):
                break
        alone("healthcheck", "--server", f"http://{address}")
        assert (folder / "data" / "firn.url").read_text() == f"http://{address}\n"
    finally:
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=90)
    assert started.returncode == 0
    assert not servers.SANITIZER.search(err)
    assert not (folder / "data" / "firn.url").exists()
    assert not (folder / "data" / "postgres" / "postmaster.pid").exists()


def test_dev_where_it_can_not_be(alone, folder):
    (folder / "file").write_text("")
    ended = alone("dev", "--data-dir", str(folder / "file" / "data"), code=4)
    assert f"{folder}/file" in ended.err and "--data-dir" in ended.err
    assert "'lots'" in alone("dev", "--lanes", "lots", code=2).err
    assert "'here'" in alone("dev", "--detach", "--data-dir", str(folder / "d"), "--listen", "here", code=2).err


# ---- migrate, serve --------------------------------------------------------------------------------------------------


def on(postgres, database, folder):
    return Program(folder, FIRN_DATABASE_URL=postgres.url(database))


def newest():
    return max(int(path.name.split("_")[0]) for path in (servers.ROOT / "migrations").glob("*.sql"))


def test_migrate(postgres, folder):
    database = postgres.database()
    firn = on(postgres, database, folder)
    count = newest()
    assert firn("migrate").out == f"{count} migration{'s' if count != 1 else ''} applied\n"
    assert firn("migrate").out == "0 migrations applied\n"
    file = folder / "firn.conf"
    file.write_text(f"database_url = {postgres.url(database)}\n")
    assert Program(folder)("migrate", "--config", str(file)).out == "0 migrations applied\n"


@pytest.fixture
def newer(postgres):
    """A database migrated by a firn of the future."""
    database = postgres.database()
    Program("/", FIRN_DATABASE_URL=postgres.url(database))("migrate")
    postgres.sql("insert into schema_migration (version, name, sha256) values (9999, '9999_x.sql', 'x')", database)
    return database


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_newer_schema_is_refused(postgres, newer, folder, command):
    ended = on(postgres, newer, folder)(command, code=5)
    assert "9999" in ended.err and str(newest()) in ended.err and "newer" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_no_database(alone, folder, command):
    ended = alone(command, code=2)
    assert "No database_url: set it in the configuration file or as FIRN_DATABASE_URL" in ended.err
    ended = alone.with_env(FIRN_DATABASE_URL=f"host={folder} user=x dbname=y")(command, code=6)
    assert ended.err.startswith("firn: ")
    ended = alone.with_env(FIRN_DATABASE_URL="postgres://u:hidden@127.0.0.1:1/db")(command, code=6)
    assert "hidden" not in ended.err
    assert ended.out == ""


def test_serve_on_an_older_schema(postgres, folder):
    ended = on(postgres, postgres.database(), folder)("serve", code=5)
    assert "run `firn migrate`" in ended.err
    assert ended.out == ""


def test_serve(postgres, folder):
    firn = on(postgres, postgres.database(), folder)
    firn("migrate")
    address = f"127.0.0.1:{servers.free_ports(1)[0]}"
    read, write = os.pipe()
    started = firn.start("serve", "--listen", address, "--log-format", "json", stderr=write, stdout=subprocess.PIPE)
    os.close(write)
    said = ""
    try:
        while '"serving"' not in said:
            assert select.select([read], [], [], 60)[0], said
            part = os.read(read, 65536).decode()
            assert part, said
            said += part
        firn("healthcheck", "--server", f"http://{address}")
        assert f"listen: {address} is in use" in firn("serve", "--listen", address, code=5).err
    finally:
        started.send_signal(signal.SIGTERM)
        while part := os.read(read, 65536).decode():
            said += part
        os.close(read)
    assert started.wait(60) == 0
    assert started.stdout.read() == ""
    started.stdout.close()
    assert not servers.SANITIZER.search(said)
    firn("healthcheck", "--server", f"http://{address}", code=6)
