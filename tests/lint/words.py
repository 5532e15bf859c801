#!/usr/bin/env python3
"""What sources may not say: unsafe C functions, unfinished work, hosts of package registries."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNSAFE = r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|rand|system|popen)\s*\("
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"
HOSTS = r"(pypi\.org|pythonhosted|npmjs|maven\.org|maven\.apache\.org|crates\.io|proxy\.golang|deb\.debian)"


def tracked():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [name for name in names if name and not name.startswith("tests/fuzz/corpus/") and name != "LICENSE"]


def rules(name):
    yield HOSTS
    if name != "tests/lint/words.py":
        yield UNFINISHED
    if re.search(r"^(src|server|include)/.*\.[ch]$", name):
        yield UNSAFE


def check(name):
    try:
        text = (ROOT / name).read_text()
    except (UnicodeDecodeError, FileNotFoundError):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for rule in rules(name):
            if re.search(rule, line) and "schemaLocation" not in line and "<project" not in line:
                yield f"{name}:{number}: {line.strip()[:120]}"


def main():
    problems = [problem for name in tracked() if name != "tests/lint/words.py" for problem in check(name)]
    print("\n".join(problems) or "words: fine")
    return 1 if problems else 0


sys.exit(main())
