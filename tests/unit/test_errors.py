"""The tree of errors, as its docstring draws it."""

import re

from bot import errors


def drawn() -> dict[str, tuple[str, bool]]:
    """Each error's parent, and whether people can be told of it, from the drawing."""
    found: dict[str, tuple[str, bool]] = {}
    above = {0: "BotError"}
    tellable = {0: False}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r" {4}((?:│   |    )*)[├└]── (\w+)(\*?)", line):
            depth = len(match[1]) // 4 + 1
            above[depth] = match[2]
            tellable[depth] = bool(match[3]) or tellable[depth - 1]
            found[match[2]] = (above[depth - 1], tellable[depth])
    return found


def defined() -> dict[str, tuple[str, bool]]:
    """The same, of the classes."""
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.BotError)]
    abstract = {errors.BotError, errors.TellableError}
    parents = {each: errors.BotError if each.__base__ in abstract else each.__base__ for each in classes}
    return {
        each.__name__: (getattr(parents[each], "__name__", ""), issubclass(each, errors.TellableError))
        for each in classes
        if each not in abstract
    }


def test_the_drawing_has_every_error_below_its_parent() -> None:
    assert drawn() == defined()
