"""Programs of the system that some tests need beside the locked libraries."""

import os
import shutil

import pytest


def program(*names: str) -> str:
    """The first of them that is installed. A test without it is skipped, but never where CI is to run them all."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        told = f"there is no {names[0]} here"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    return found
