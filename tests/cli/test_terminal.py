"""What is different on a terminal: tables with headings, and questions."""

import os
import pty
import select

import pytest


@pytest.fixture
def at_terminal(firn):
    """Runs a command on a terminal of its own; returns its exit code and all that was shown."""

    def run(*words, typed=""):
        ours, theirs = pty.openpty()
        process = firn.start(*words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while select.select([ours], [], [], 60)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                if typed and b"[y/N]" in shown:
                    os.write(ours, typed.encode())
                    typed = ""
            return process.wait(60), shown.decode().replace("\r\n", "\n")
        finally:
            os.close(ours)
            if process.poll() is None:
                process.kill()
                process.wait()

    return run


def test_a_table_has_headings(at_terminal, world):
    code, shown = at_terminal("table", "ls", "sales", "--warehouse", world.name)
    assert (code, shown) == (0, "NAME    NAMESPACE\norders  sales\n")


def test_columns_stand_below_each_other(at_terminal, world):
    sales = f"{world.base}/namespaces/sales"
    world.table(sales, "łóżko")
    code, shown = at_terminal("table", "ls", "sales", "--warehouse", world.name)
    assert code == 0
    assert [line.index("sales") for line in shown.splitlines()[1:]] == [8, 8]


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_a_drop_asks(at_terminal, firn, world, typed, code):
    folder = world.folder.parent / f"{world.name}-2"
    folder.mkdir()
    firn("warehouse", "create", folder.name, f"file://{folder}")
    ended, shown = at_terminal("warehouse", "drop", folder.name, typed=typed)
    assert f"drop warehouse {folder.name} at file://{folder}? [y/N] " in shown
    assert ended == code
    firn("warehouse", "show", folder.name, code=3 if code == 0 else 0)
