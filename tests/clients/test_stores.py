"""The storage room's own checks (tests/storage/store_probe.c) on the stores that the clients use."""

import os
import subprocess

PROBE = os.environ.get("FIRN_STORE_PROBE", "store_probe")


def test_every_call(store):
    environment = {**os.environ, **store.server_env(), "FIRN_STORE_ROOT": f"{store.location}/probe"}
    ended = subprocess.run(
        [PROBE],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert "FAIL" not in ended.stdout and "ok" in ended.stdout
