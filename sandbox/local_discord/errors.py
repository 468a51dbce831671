"""Discord's errors: an HTTP status, an error code, a message."""

from typing import Any


class ApiError(Exception):
    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def unknown(what: str, code: int) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


UNAUTHORIZED = (401, 0, "401: Unauthorized")


def invalid_form(errors: dict[str, list[tuple[str, str]]]) -> ApiError:
    """`errors`: (code, message) pairs by dotted path into the body."""
    tree: dict[str, Any] = {}
    for path, faults in errors.items():
        node = tree
        for part in filter(None, path.split(".")):
            node = node.setdefault(part, {})
        node["_errors"] = [{"code": code, "message": message} for code, message in faults]
    return ApiError(400, 50035, "Invalid Form Body", tree)
