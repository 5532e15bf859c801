#!/usr/bin/env python3
"""One throw-away PostgreSQL cluster for tests, reachable through a socket in a private folder only.

  cluster.py run -- COMMAND…        a cluster for one command (or the one the environment names)
  cluster.py start STATE            a cluster for several; stops when its starter's parent ends
  cluster.py use STATE -- COMMAND…  runs a command on it
  cluster.py stop STATE

Commands find it in FIRN_TEST_DATABASE_URL, a keyword/value conninfo of a superuser. fsync is off.
"""

import glob
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

VARIABLE = "FIRN_TEST_DATABASE_URL"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


def programs():
    """The folder of initdb and postgres: the newest that is installed."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    found.sort(key=lambda path: int(path.split("/")[4]))
    on_path = shutil.which("initdb")
    if found:
        return os.path.dirname(found[-1])
    if on_path:
        return os.path.dirname(on_path)
    sys.exit("cluster.py: initdb not found: install the package postgresql")


def other_user():
    """PostgreSQL refuses to run as root: the user to run it as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    sys.exit("cluster.py: run as root, but there is no user postgres or nobody")


class Cluster:
    def __init__(self, settings=None, port=5432):
        self.settings, self.port = SETTINGS if settings is None else settings, port
        # A socket's path has at most 107 bytes: not below a long TMPDIR.
        self.root = tempfile.mkdtemp(prefix="firn-pg-", dir="/tmp")
        self.user = other_user()
        self.server = None
        if self.user:
            os.chown(self.root, self.user.pw_uid, self.user.pw_gid)
            os.chmod(self.root, 0o711)

    def conninfo(self):
        return f"host={self.root} port={self.port} user=firn dbname=postgres"

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def start(self):
        data = os.path.join(self.root, "data")
        bin_dir = programs()
        log = open(os.path.join(self.root, "log"), "wb")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        options = dict(cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                       stderr=log, start_new_session=True, **self.as_user())
        initdb = [os.path.join(bin_dir, "initdb"), "-D", data, "-U", "firn", "-A", "trust",
                  "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        if subprocess.run(initdb, **options).returncode != 0:
            self.fail("initdb failed")
        command = [os.path.join(bin_dir, "postgres"), "-D", data, "-k", self.root, "-p", str(self.port)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        self.server = subprocess.Popen(command, **options)
        self.wait_ready(os.path.join(data, "postmaster.pid"))

    def wait_ready(self, pid_file):
        """The last line of postmaster.pid says "ready" when it is."""
        until = time.monotonic() + 60
        while time.monotonic() < until and self.server.poll() is None:
            try:
                with open(pid_file) as lines:
                    if lines.read().rstrip().endswith("ready"):
                        return
            except FileNotFoundError:
                pass
            time.sleep(0.02)
        self.fail("postgres did not start")

    def fail(self, what):
        with open(os.path.join(self.root, "log"), errors="replace") as log:
            text = log.read()
        self.stop()
        sys.exit(f"cluster.py: {what}:\n{text}")

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.send_signal(signal.SIGQUIT)
                self.server.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def run(command):
    if os.environ.get(VARIABLE):
        return subprocess.run(command).returncode
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cluster = Cluster()
    try:
        cluster.start()
        return subprocess.run(command, env={**os.environ, VARIABLE: cluster.conninfo()}).returncode
    finally:
        cluster.stop()


def guard(state, watched, ready):
    """Keeps the cluster of STATE until it is told to stop, or the watched process ends."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop_read, stop_write = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(stop_write, b"x"))
    cluster = Cluster()
    try:
        cluster.start()
        with open(state + ".new", "w") as out:
            out.write(f"{os.getpid()}\n{cluster.conninfo()}\n")
        os.rename(state + ".new", state)
        os.write(ready, b"x")
        os.close(ready)
        for fd in (0, 1, 2):  # whoever reads our output must not wait for us
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
        select.select([stop_read, watched], [], [])
    finally:
        cluster.stop()
        if os.path.exists(state):
            os.unlink(state)


def start(state):
    stop(state)
    watched = os.pidfd_open(os.getppid())
    ready_read, ready_write = os.pipe()
    if os.fork() == 0:
        os.close(ready_read)
        code = 1
        try:
            guard(state, watched, ready_write)
            code = 0
        except SystemExit as e:
            print(e, file=sys.stderr)
        finally:
            os._exit(code)
    os.close(ready_write)
    return 0 if os.read(ready_read, 1) else 1


def read_state(state):
    with open(state) as lines:
        pid, conninfo = lines.read().splitlines()
    return int(pid), conninfo


def stop(state):
    try:
        pid, _ = read_state(state)
        guardian = os.pidfd_open(pid)
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            ours = b"cluster.py" in words.read()
        if ours:
            signal.pidfd_send_signal(guardian, signal.SIGTERM)
            select.select([guardian], [], [])
    except (FileNotFoundError, ProcessLookupError):
        pass
    if os.path.exists(state):
        os.unlink(state)
    return 0


def use(state, command):
    _, conninfo = read_state(state)
    os.execvpe(command[0], command, {**os.environ, VARIABLE: conninfo})


def main(arguments):
    match arguments:
        case ["run", "--", *command] if command:
            return run(command)
        case ["start", state]:
            return start(state)
        case ["use", state, "--", *command] if command:
            return use(state, command)
        case ["stop", state]:
            return stop(state)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
