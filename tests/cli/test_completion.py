"""Completion: what `firn __complete` offers, and the shells that ask it."""

import pathlib
import socket
import subprocess
import time

import pytest
import servers
from conftest import Program
from table import COMMANDS, NOUNS, OPTIONS


def offered(program, *words):
    ended = program("__complete", *words)
    assert ended.err == ""
    return [line.split("\t")[0] for line in ended.out.splitlines()]


# ---- words -----------------------------------------------------------------------------------------------------------


def test_commands(alone):
    first = {command.words[0] for command in COMMANDS.values()}
    assert sorted(offered(alone, "")) == sorted(first)
    assert offered(alone, "wa") == ["warehouse"]
    assert sorted(offered(alone, "help", "")) == sorted(first)
    for noun in NOUNS:
        verbs = [command.words[1] for command in COMMANDS.values() if command.words[0] == noun]
        assert offered(alone, noun, "") == offered(alone, "help", noun, "") == verbs
    assert offered(alone, "nope", "") == offered(alone, "nope", "ls", "") == offered(alone, "zzz") == []


def test_every_word_is_explained(alone):
    for line in alone("__complete", "table", "").out.splitlines():
        verb, summary = line.split("\t")
        assert summary == COMMANDS[f"table_{verb}"].summary


@pytest.mark.parametrize("command", COMMANDS.values(), ids=str)
def test_flags(alone, command):
    wanted = [f"--{flag.removesuffix('=')}" for flag in command.flags]
    if command.options:
        wanted += [f"--{name.replace('_', '-')}" for name, _, flags in OPTIONS if "SECRET" not in flags]
    assert offered(alone, *command.words, "--") == wanted
    for line in alone("__complete", *command.words, "-").out.splitlines():
        assert line.split("\t")[1], line


def test_files(alone):
    for words in (["serve", "--config", ""], ["dev", "--data-dir", "/t"], ["serve", "--master-key-file=x"]):
        assert offered(alone, *words) == [":files"]
    assert offered(alone, "serve", "--lanes", "") == []


def test_shells(alone):
    assert offered(alone, "completion", "") == ["bash", "zsh", "fish"]
    assert offered(alone, "completion", "bash", "") == []


# ---- names of the server ---------------------------------------------------------------------------------------------


def test_names(firn, world):
    there = ["--warehouse", world.name]
    assert world.name in offered(firn, "warehouse", "show", "")
    assert offered(firn, "warehouse", "show", world.name)[0] == world.name
    assert offered(firn, "warehouse", "create", "") == []
    assert offered(firn, "namespace", "show", *there, "") == ["sales"]
    assert offered(firn, "namespace", "show", *there, "sales.") == ["sales.eu"]
    assert offered(firn, "table", "show", *there, "s") == ["sales."]
    assert offered(firn, "table", "show", *there, "sales.") == ["sales.eu.", "sales.orders"]
    assert offered(firn, "table", "show", *there, "sales.o") == ["sales.orders"]
    assert offered(firn, "view", "log", *there, "sales.t") == ["sales.totals"]
    assert offered(firn, "table", "undrop", *there, "") == ["sales.gone"]
    assert offered(firn, "table", "show", "sales.orders", *there, "") == []
    assert offered(firn, "table", "show", *there, "nope.") == []


def test_the_warehouse_in_its_forms(firn, world):
    """As bash cuts it, as the others write it, before and after the cursor's word."""
    name = world.name
    for words in (["--warehouse", "=", name], [f"--warehouse={name}"], ["--json", "--warehouse", name]):
        assert offered(firn, "table", "ls", *words, "sa") == ["sales"]
        assert offered(firn, "table", "ls", *words, "--", "sa") == ["sales"]
    assert world.name in offered(firn, "table", "ls", "--warehouse", world.name[:1])
    assert world.name in offered(firn, "table", "ls", "--warehouse", "=", world.name[:1])
    assert world.name in offered(firn, "table", "ls", "--warehouse", "=")
    assert f"--warehouse={world.name}" in offered(firn, "table", "ls", "--warehouse=")


def test_the_server_in_the_words(alone, server, world):
    assert offered(alone, "warehouse", "show", world.name) == []
    assert world.name in offered(alone, "warehouse", "show", "--server", server.uri, "")


def test_names_that_a_shell_would_read(firn, world):
    """Nothing is put on a command line that does something there."""
    sales = f"{world.base}/namespaces/sales"
    for name in ("$(reboot)", "`x`", "a b", "a'b", 'a"b', "a;b", "a|b", "-rf", "a.b", "a\\b", "*", "~", "\x9bx"):
        answer = world.client.call(
            "POST", f"{sales}/tables", {"name": name, "schema": {"type": "struct", "fields": []}}
        )
        assert answer.status in (200, 400)
    world.table(sales, "łóżko_2-x")
    offers = offered(firn, "table", "show", "--warehouse", world.name, "sales.")
    assert offers == ["sales.eu.", "sales.orders", "sales.łóżko_2-x"]


def test_no_server(alone):
    for words in (["warehouse", "show", ""], ["table", "show", ""], ["table", "ls", "--warehouse", ""]):
        assert offered(alone, *words) == []


def test_a_server_that_does_not_answer(folder):
    """It takes the connection and says nothing: 300 ms are all the time there is."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = Program(folder, FIRN_SERVER=f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        assert offered(asked, "table", "show", "sales.") == []
        assert 0.25 < time.monotonic() - begun < 3


# ---- shells ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def script(alone, folder):
    def write(shell):
        path = folder / f"firn.{shell}"
        ended = alone("completion", shell)
        assert ended.err == ""
        path.write_text(ended.out)
        return path

    return write


@pytest.fixture
def run(firn, folder):
    """A shell with the binary first in its PATH, by the name `firn`."""
    (folder / "bin").mkdir()
    (folder / "bin" / "firn").symlink_to(pathlib.Path(servers.BINARY).resolve())
    path = f"{folder}/bin:{firn.environment['PATH']}"

    def shell(*command):
        done = subprocess.run(
            command,
            env={**firn.environment, "PATH": path, "TERM": "dumb"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=folder,
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    return shell


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_syntax(script, run, shell):
    assert run(shell, "-n", str(script(shell))) == []


def test_unknown_shell(alone):
    ended = alone("completion", "tcsh", code=2)
    assert ended.err.startswith("firn: no completion for the shell 'tcsh': name bash, zsh or fish\n")
    assert ended.out == ""


CASES = [
    (["firn", "ta"], ["table"]),
    (["firn", "table", "sh"], ["show"]),
    (["firn", "table", "ls", "--warehouse", "{w}", "sa"], ["sales"]),
    (["firn", "table", "show", "--warehouse", "{w}", "sales.o"], ["sales.orders"]),
    (["firn", "table", "show", "--warehouse", "{w}", "sales."], ["sales.eu.", "sales.orders"]),
    (["firn", "table", "frob", ""], []),
]
BASH = """
source "$1"; shift
compopt() { echo "option $*"; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_firn
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_bash(script, run, world, words, wanted):
    words = [word.format(w=world.name) for word in words]
    shown = run("bash", "-c", BASH, "bash", str(script("bash")), *words)
    assert [line for line in shown if not line.startswith("option")] == wanted
    assert ("option -o nospace" in shown) == any(word.endswith(".") for word in wanted)


def test_bash_registers_and_completes_files(script, run):
    path = str(script("bash"))
    assert run("bash", "-c", 'source "$1"; complete -p firn', "bash", path) == ["complete -F _firn firn"]
    assert run("bash", "-c", BASH, "bash", path, "firn", "serve", "--config", "") == ["option -o default"]


@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_fish(script, run, world, words, wanted):
    line = " ".join(words).format(w=world.name)
    shown = run("fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', str(script("fish")), line)
    assert sorted(word.split("\t")[0] for word in shown) == sorted(wanted)


def test_fish_completes_files(script, run, folder):
    (folder / "only.conf").write_text("")
    shown = run(
        *("fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"'),
        *(str(script("fish")), "firn serve --config on"),
    )
    assert [word.split("\t")[0] for word in shown] == ["only.conf"]


# What the completion system calls, with its own builtins told aloud.
ZSH = """
compdef() { registered="$*" }
source "$1"; shift
[ "$registered" = "_firn firn" ] || exit 1
compadd() { print -r -- "${@[-1]}${${1:#--}:+ $1}" }
_files() { print -r -- files }
words=("$@") CURRENT=$#
_firn
"""


@pytest.mark.parametrize(("words", "wanted"), [*CASES, (["firn", "serve", "--config", ""], ["files"])])
def test_zsh(script, run, world, words, wanted):
    words = [word.format(w=world.name) for word in words]
    shown = run("zsh", "-f", "-c", ZSH, "zsh", str(script("zsh")), *words)
    assert shown == [f"{word} -S" if word.endswith(".") else word for word in wanted]
