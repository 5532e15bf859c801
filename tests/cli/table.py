"""The rows of server/commands.def and server/options.def, as the program has them."""

import re

from servers import ROOT

STRING = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(r"^X\((\w+),\s*" + r",\s*".join([STRING] * 5) + r"\)$", re.M)
CLIENT = ["server=", "json", "jsonl", "quiet"]


class Command:
    def __init__(self, name, noun, verb, arguments, flags, summary):
        self.name, self.summary = name, summary
        self.words = [word for word in (noun, verb) if word]
        self.arguments = arguments.split()
        self.required = [word for word in self.arguments if word.startswith("<")]
        self.endless = "…" in arguments
        self.client = "@client" in flags
        self.options = "@options" in flags
        self.flags = [word for word in flags.split() if not word.startswith("@")] + CLIENT * self.client

    def __repr__(self):
        return self.name


COMMANDS = {row[0]: Command(*row) for row in ROW.findall((ROOT / "server" / "commands.def").read_text())}
OPTION = re.compile(r"^X\(\w+, (\w+), " + STRING + r", ([\w |]+), ", re.M)
OPTIONS = OPTION.findall((ROOT / "server" / "options.def").read_text())
NOUNS = sorted({command.words[0] for command in COMMANDS.values() if len(command.words) == 2})
