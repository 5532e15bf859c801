"""Each file of cases/."""

import golden
import pytest


@pytest.mark.parametrize("file", golden.files(), ids=lambda f: str(f.relative_to(golden.CASES).with_suffix("")))
def test_case(file, warehouse):
    golden.Run(warehouse).run(golden.read(file))
