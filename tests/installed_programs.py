"""System programs that some tests need in addition to the locked libraries."""

import os
import shutil

import pytest


def program(*names: str) -> str:
    """The first one installed. Without any, the test is skipped, but fails in CI."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = f"there is no {names[0]} here"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found
