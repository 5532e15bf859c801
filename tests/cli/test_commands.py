"""Every row of commands.def that asks a server: good form, --json, --jsonl, -q, and every way to write it wrong."""

import json
import signal
import subprocess

import pytest
from table import COMMANDS, NOUNS, OPTIONS

# Arguments of a good form, and what its output says of the world.
GOOD = {
    "warehouse_ls": ([], "{w}\t{location}\t{id}\n"),
    "warehouse_show": (["{w}"], "name                 {w}\n"),
    "warehouse_create": (["{w}-2", "{location}-2", "--undrop", "60", "--protected"], "undrop-seconds       60\n"),
    "warehouse_protect": (["{w}"], "protected            true\n"),
    "warehouse_drop": (["{w}-empty", "--yes"], ""),
    "warehouse_check": (["{w}"], "conditional put\ttrue\t"),
    "namespace_ls": (["--warehouse", "{w}"], "sales\n"),
    "namespace_show": (["sales.eu", "--warehouse", "{w}"], "namespace            sales.eu\n"),
    "table_ls": (["sales", "--warehouse", "{w}"], "orders\tsales\n"),
    "table_show": (["sales.orders", "--warehouse", "{w}"], "version              2\n"),
    "table_log": (["sales.orders", "--warehouse", "{w}"], "\tset-properties\t\n"),
    "table_diff": (["sales.orders", "--from", "1", "--to", "2", "--warehouse", "{w}"], '"owner":"ann"'),
    "table_undo": (["sales.orders", "--to", "1", "--yes", "--warehouse", "{w}"], "version              3\n"),
    "table_undrop": (["sales.gone", "--to", "sales.eu.back", "--warehouse", "{w}"], ""),
    "view_ls": (["sales", "--warehouse", "{w}"], "totals\tsales\n"),
    "view_show": (["sales.totals", "--warehouse", "{w}"], "kind                 view\n"),
    "view_log": (["sales.totals", "--warehouse", "{w}"], "1\t"),
    "events": (["--warehouse", "{w}", "--limit", "1000"], "\ttable.dropped\tsales\tgone\t"),
}
LISTS = {name: COMMANDS[name] for name in GOOD if name.endswith("_ls") or name in ("table_log", "view_log", "events")}
# Those that have no server to ask; the other files prove them.
ELSEWHERE = {"serve", "dev", "migrate", "check_config", "doctor", "healthcheck", "version", "help", "completion"}
# A name that isn't there, and how the message calls it.
UNKNOWN = {
    "warehouse_show": (["nope"], "nope"),
    "warehouse_protect": (["nope"], "nope"),
    "warehouse_drop": (["nope", "--yes"], "nope"),
    "warehouse_check": (["nope"], "nope"),
    "namespace_ls": (["nope", "--warehouse", "{w}"], "nope"),
    "namespace_show": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "table_ls": (["nope", "--warehouse", "{w}"], "nope"),
    "table_show": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "table_log": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "table_diff": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "table_undo": (["sales.nope", "--to", "1", "--yes", "--warehouse", "{w}"], "sales.nope"),
    "table_undrop": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "view_ls": (["nope", "--warehouse", "{w}"], "nope"),
    "view_show": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
    "view_log": (["sales.nope", "--warehouse", "{w}"], "sales.nope"),
}
OF_A_WAREHOUSE = sorted(name for name in GOOD if "warehouse=" in COMMANDS[name].flags)


def each(names):
    return pytest.mark.parametrize("command", [COMMANDS[name] for name in names], ids=str)


def filled(world, words):
    values = {"w": world.name, "location": world.location, "id": world.id}
    return [word.format(**values) for word in words]


def good(world, command):
    """Words and output of the good form; what it needs beside the world is made."""
    words, says = GOOD[command.name]
    if command.name == "warehouse_create":
        (world.folder.parent / f"{world.name}-2").mkdir()
    if command.name == "warehouse_drop":
        folder = world.folder.parent / f"{world.name}-empty"
        folder.mkdir()
        body = {"name": f"{world.name}-empty", "location": f"file://{folder}", "storage": {"type": "file"}}
        world.client.post("/management/v1/warehouses", body, 201)
    return [*command.words, *filled(world, words)], filled(world, [says])[0]


def arguments(command):
    """As many words as it requires, of the right shape."""
    shapes = {"<warehouse>": "w", "<location>": "file:///x", "<namespace>": "a"}
    return [shapes.get(word, "a.b") for word in command.required]


def test_every_command_is_proven():
    assert set(GOOD) | ELSEWHERE == set(COMMANDS)
    assert set(UNKNOWN) == set(GOOD) - {"warehouse_ls", "warehouse_create", "events"}
    assert {name for name, command in COMMANDS.items() if command.client} == set(GOOD)


@each(GOOD)
def test_good_form(firn, world, command):
    words, says = good(world, command)
    ended = firn(*words)
    assert says in ended.out
    assert ended.err == ""


@each(GOOD)
def test_json(firn, world, command):
    words, _ = good(world, command)
    ended = firn(*words, "--json")
    if command.name == "warehouse_drop":
        assert ended.out == ""
        return
    assert ended.out.count("\n") == 1
    assert isinstance(json.loads(ended.out), dict)
    assert ended.err == ""


@each(LISTS)
def test_a_list_in_its_forms(firn, world, command):
    words, _ = good(world, command)
    rows = firn(*words).rows
    whole = json.loads(firn(*words, "--json").out)
    (items,) = [value for value in whole.values() if isinstance(value, list)]
    lines = [json.loads(line) for line in firn(*words, "--jsonl").out.splitlines()]
    assert lines == items
    assert len(rows) == len(items) > 0
    for quiet in ("-q", "--quiet"):
        assert firn(*words, quiet).out.splitlines() == [row[0] for row in rows]


def test_int64_are_strings(firn, world):
    shown = json.loads(firn("table", "show", "sales.orders", "--warehouse", world.name, "--json").out)
    assert shown["version"] == "2"
    log = json.loads(firn("table", "log", "sales.orders", "--warehouse", world.name, "--json").out)
    assert [commit["version"] for commit in log["commits"]] == ["2", "1"]


@each(COMMANDS)
def test_help_of_a_command(alone, command):
    shown = alone(*command.words, "--help")
    assert shown.err == ""
    assert alone("help", *command.words).out == shown.out == alone(*command.words, "-h").out
    name = "firn " + " ".join(command.words)
    lines = shown.out.splitlines()
    assert lines[0].startswith("  " + name) and lines[1].startswith("  " + name) and lines[2] == ""
    assert command.summary + "." in lines
    assert f"usage: {' '.join([name, *command.arguments])}" in shown.out
    assert lines[-1].startswith("Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 unreachable")
    for flag in command.flags:
        (line,) = [line for line in lines if line.startswith(f"  --{flag.replace('=', '=…')} ")]
        assert len(line.split(maxsplit=1)) == 2, f"{line}: not explained"
    for option, _, _ in OPTIONS if command.options else []:
        assert f"  --{option.replace('_', '-')} " in shown.out or f"  {option} " in shown.out
    assert all(len(line) <= 160 for line in lines)


@each(COMMANDS)
def test_unknown_flag(alone, command):
    for flag in ("--frobnicate", "--frobnicate=hidden", "-z", "-yes"):
        ended = alone(*command.words, *arguments(command), flag, code=2)
        assert ended.out == ""
        name = "firn " + " ".join(command.words)
        assert ended.err == f"firn: unknown flag {flag.split('=')[0]}\nhint: `{name} --help` lists the flags\n"


@each([name for name, command in COMMANDS.items() if command.required])
def test_missing_argument(alone, command):
    for count in range(len(command.required)):
        ended = alone(*command.words, *arguments(command)[:count], code=2)
        assert ended.out == ""
        assert ended.err.startswith(f"firn: {command.required[count]} is missing\nusage: firn ")


@each([name for name, command in COMMANDS.items() if not command.endless])
def test_one_argument_too_many(alone, command):
    words = ["a"] * len(command.arguments)
    ended = alone(*command.words, *words, "surplus", code=2)
    assert ended.out == ""
    assert ended.err.startswith("firn: 'surplus' is one argument too many\nusage: ")


@each([name for name, command in COMMANDS.items() if any(flag.endswith("=") for flag in command.flags)])
def test_flag_without_its_value(alone, command):
    for flag in command.flags:
        if flag.endswith("="):
            ended = alone(*command.words, *arguments(command), f"--{flag[:-1]}", code=2)
            assert ended.err == f"firn: --{flag[:-1]} needs a value\nhint: write it behind the flag\n"


@each([name for name, command in COMMANDS.items() if any(not flag.endswith("=") for flag in command.flags)])
def test_switch_with_a_value(alone, command):
    for flag in command.flags:
        if not flag.endswith("="):
            ended = alone(*command.words, *arguments(command), f"--{flag}=1", code=2)
            assert ended.err == f"firn: --{flag} takes no value\nhint: leave the `=` away\n"


@each(UNKNOWN)
def test_unknown_name(firn, world, command):
    words, says = UNKNOWN[command.name]
    ended = firn(*command.words, *filled(world, words), code=3)
    assert ended.out == ""
    assert says in ended.err
    assert ended.err.startswith("firn: ") and "(request " in ended.err
    assert ended.err.count("\n") == 1


@each(OF_A_WAREHOUSE)
def test_unknown_warehouse(firn, world, command):
    words, _ = GOOD[command.name]
    ended = firn(*command.words, *[word.replace("{w}", "nowhere") for word in words], code=3)
    assert "nowhere" in ended.err
    assert ended.out == ""


@each([name for name in OF_A_WAREHOUSE if name != "events"])
def test_warehouse_not_said(firn, world, command):
    """With several of them the server asks for its name."""
    words = [word for word in GOOD[command.name][0] if word not in ("--warehouse", "{w}")]
    ended = firn(*command.words, *words, code=2)
    assert "warehouse" in ended.err
    assert ended.out == ""


@each(GOOD)
def test_no_server(alone, command):
    words, _ = GOOD[command.name]
    ended = alone(*command.words, *[word.format(w="w", location="file:///x") for word in words], code=6)
    assert ended.out == ""
    url = alone.environment["FIRN_SERVER"]
    assert ended.err == (
        f"firn: No answer from {url}: start a server there (`firn dev`), or name another with --server or FIRN_SERVER\n"
    )


def test_the_flag_goes_before_the_environment(alone, server, world):
    assert alone("warehouse", "show", world.name, "--server", server.uri + "/").out
    assert alone("warehouse", "show", world.name, f"--server={server.uri}").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["table", "show", "orders"], "'orders' names no namespace: write NAMESPACE.NAME"),
        (["table", "undrop", "sales.gone", "--to", "back"], "'back' names no namespace: write NAMESPACE.NAME"),
        (["table", "undrop", "sales.gone", "--id", "nonsense"], "nonsense"),
        (["table", "undo", "sales.orders"], "give the version to go back to: --to N"),
        (["table", "undo", "sales.orders", "--to", "soon"], "give the version to go back to: --to N"),
        (["table", "undo", "sales.orders", "--to", "1"], "from version 2 to version 1: say --yes"),
        (["table", "diff", "sales.orders", "--from", "x"], "'x'"),
        (["events", "--limit", "many"], "'many'"),
        (["events", "--after", "noon"], "'noon'"),
    ],
    ids=" ".join,
)
def test_bad_value(firn, world, words, says):
    ended = firn(*words, "--warehouse", world.name, code=2)
    assert says in ended.err
    assert ended.out == ""


def test_bad_warehouse(firn, world):
    assert "'ftp://x'" in firn("warehouse", "create", "x", "ftp://x", code=2).err
    assert "'soon'" in firn("warehouse", "create", "x", "file:///tmp/x", "--undrop", "soon", code=2).err
    ended = firn("warehouse", "create", world.name, world.location + "-3", code=5)
    assert world.name in ended.err


def test_a_table_that_is_not_at_that_version(firn, world):
    words = ["table", "undo", "sales.orders", "--to", "7", "--yes", "--warehouse", world.name]
    assert "7" in firn(*words, code=3).err


def test_protected_warehouse(firn, world, client):
    folder = world.folder.parent / f"{world.name}-kept"
    folder.mkdir()
    firn("warehouse", "create", f"{world.name}-kept", f"file://{folder}", "--protected")
    ended = firn("warehouse", "drop", f"{world.name}-kept", "--yes", code=5)
    assert "protected" in ended.err
    firn("warehouse", "protect", f"{world.name}-kept", "--off")
    firn("warehouse", "drop", f"{world.name}-kept", "-y")
    firn("warehouse", "show", f"{world.name}-kept", code=3)
    assert "empty" in firn("warehouse", "drop", world.name, "--yes", code=5).err


def test_what_destroys_asks(firn, world):
    ended = firn("warehouse", "drop", world.name, code=2)
    assert ended.err == f"firn: about to drop warehouse {world.name} at {world.location}: say --yes\n"
    ended = firn("warehouse", "drop", world.name, "--dry-run")
    assert ended.out == f"would drop warehouse {world.name} at {world.location}\n"
    firn("warehouse", "drop", "nope", "--dry-run", code=3)
    firn("warehouse", "show", world.name)
    words = ["--warehouse", world.name, "--dry-run"]
    ended = firn("table", "undo", "sales.orders", "--to", "1", *words)
    assert ended.out == "would set sales.orders back from version 2 to version 1\n"
    ended = firn("table", "undrop", "sales.gone", *words)
    assert ended.out == "would bring sales.gone back\n"
    firn("table", "undrop", "sales.nope", *words, code=3)
    assert "gone" not in firn("table", "ls", "sales", *words[:2]).out


def test_undo_and_undrop(firn, world):
    there = ["--warehouse", world.name]
    firn("table", "undo", "sales.orders", "--to", "1", "-y", *there)
    assert [row[0] for row in firn("table", "log", "sales.orders", *there).rows] == ["3", "2", "1"]
    firn("table", "undrop", "sales.gone", *there)
    assert firn("table", "ls", "sales", "-q", *there).out == "gone\norders\n"
    assert "sales.gone" in firn("table", "undrop", "sales.gone", *there, code=5).err


def test_names_with_dots(firn, world):
    space = world.namespace("a.b")
    world.table(space, "c.d")
    shown = json.loads(firn("table", "show", r"a\.b.c\.d", "--warehouse", world.name, "--json").out)
    assert (shown["namespace"], shown["name"]) == (["a.b"], "c.d")


def test_a_failing_store(firn, world):
    """The folder can't be written: something else stands in its place."""
    away = world.folder.with_suffix(".away")
    world.folder.rename(away)
    world.folder.write_text("no folder")
    try:
        ended = firn("warehouse", "check", world.name, code=1)
        assert "write\tfalse\t" in ended.out
        checks = json.loads(firn("warehouse", "check", world.name, "--json", code=1).out)["checks"]
        assert not checks[0]["passed"] and checks[0]["detail"]
    finally:
        world.folder.unlink()
        away.rename(world.folder)


def test_events_go_on(firn, world):
    followed = firn.start("events", "--follow", "--warehouse", world.name, "--jsonl", stdout=subprocess.PIPE)
    try:
        kinds = [json.loads(followed.stdout.readline())["kind"] for _ in range(8)]
        assert "table.dropped" in kinds
        for name in ("later", "later still"):
            world.namespace(name)
            assert json.loads(followed.stdout.readline())["namespace"] == [name]
    finally:
        followed.send_signal(signal.SIGINT)
        assert followed.wait(30) == -signal.SIGINT
        followed.stdout.close()


def test_events_nobody_reads(firn, world):
    """It ends when its reader has gone, and says nothing."""
    followed = firn.start(
        *("events", "-f", "--warehouse", world.name), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    followed.stdout.readline()
    followed.stdout.close()
    world.namespace("later")
    assert followed.wait(30) == 0
    assert followed.stderr.read() == ""
    followed.stderr.close()


def test_output_nobody_reads(firn):
    """More than a buffer takes, into a pipe that is closed."""
    started = firn.start("help", "serve", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started.stdout.close()
    assert started.wait(30) == 0
    assert started.stderr.read() == ""
    started.stderr.close()


def test_output_that_is_lost(firn, world):
    with open("/dev/full", "w") as full:
        ended = firn("warehouse", "ls", stdout=full, code=1)
    assert ended.err == "firn: the output can't be written: No space left on device\n"


def test_control_characters_are_shown(firn, world):
    """A table's words don't command the terminal."""
    change = {"action": "set-properties", "updates": {"note": "\x1b]0;owned\x07\x9b2J\x7f"}}
    world.client.post(f"{world.base}/namespaces/sales/tables/orders", {"requirements": [], "updates": [change]})
    out = firn("table", "diff", "sales.orders", "--warehouse", world.name).out
    assert "owned" in out
    assert not any(ord(c) < 0x20 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in out)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_alone(alone, noun):
    bare = alone(noun, code=2)
    assert bare.out == ""
    assert bare.err.startswith(f"firn: '{noun}' needs a verb\nusage: firn {noun} ")
    asked = alone(noun, "--help")
    assert asked.out == alone("help", noun).out == bare.err.split("\n", 1)[1]
    for command in COMMANDS.values():
        assert (command.summary in asked.out) == (command.words[0] == noun)
