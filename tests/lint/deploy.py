#!/usr/bin/env python3
"""What deploy/ promises and no test run starts: the image builds from paths and packages that exist,
compose.yaml publishes on loopback only, the sample configuration and the unit name real options."""

import configparser
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NOT_IN_IMAGE = {"ccache", "postgresql"}  # for developers, and for `firn dev`


def words(pattern, text):
    return set(re.search(pattern, text, re.S).group(1).replace("\\", " ").split())


def image():
    text = (DEPLOY / "Dockerfile").read_text()
    wanted = words(r"build_packages=\((.*?)\)", (ROOT / "dev").read_text()) - NOT_IN_IMAGE
    found = words(r"--no-install-recommends(.*?)&&", text)
    if found != wanted:
        yield f"Dockerfile: build packages differ from ./dev's: {sorted(found ^ wanted)}"
    for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.M):
        for path in line.split():
            if not (ROOT / path).exists():
                yield f"Dockerfile: COPY {path}: no such path"


def compose():
    for name, service in yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"compose.yaml: {name} publishes {port} beyond this machine"
    wanted = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    sample = set(re.findall(r"^(\w+)=", (DEPLOY / "compose.env.sample").read_text(), re.M))
    if wanted != sample:
        yield f"compose.env.sample: variables differ from compose.yaml's: {sorted(wanted ^ sample)}"


def sample():
    options = set(re.findall(r"^X\(\w+, (\w+),", (ROOT / "server" / "options.def").read_text(), re.M))
    parser = configparser.ConfigParser(inline_comment_prefixes=(), comment_prefixes=("; ",))
    text = (DEPLOY / "firn.conf.sample").read_text()
    parser.read_string("[top]\n" + re.sub(r"^;(\w)", r"\1", text, flags=re.M))
    for name in parser["top"]:
        if name not in options:
            yield f"firn.conf.sample: {name} is no option"


def unit():
    text = (DEPLOY / "firn.service").read_text()
    for command in re.findall(r"^Exec\w+=/usr/bin/firn (\w+)", text, re.M):
        if f"X({command}," not in (ROOT / "server" / "commands.def").read_text():
            yield f"firn.service: {command} is no command"
    if shutil.which("systemd-analyze"):
        ended = subprocess.run(
            ["systemd-analyze", "verify", str(DEPLOY / "firn.service")], check=False, capture_output=True, text=True
        )
        for line in ended.stderr.splitlines():
            if "firn.service" in line and "not executable" not in line:
                yield line


problems = [problem for check in (image, compose, sample, unit) for problem in check()]
print("\n".join(problems))
sys.exit(bool(problems))
