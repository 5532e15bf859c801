#!/usr/bin/env bash
# Every C source and header as .clang-format says.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
find src server include tests bench -name '*.[ch]' -print0 | xargs -0 clang-format-14 --dry-run -Werror
