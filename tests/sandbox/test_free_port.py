import socket
from pathlib import Path

import pytest

from sandbox import free_port as module
from sandbox.free_port import free_port


def test_an_outgoing_connection_cannot_take_it() -> None:
    given_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(given_out.read_text().split()[0]) if given_out.exists() else 49_152
    assert all(free_port() < first for _ in range(50))


def test_a_port_in_use_is_passed_over_and_none_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        taken = listener.getsockname()[1]
        monkeypatch.setattr(module, "_FIRST", taken)
        monkeypatch.setattr(module, "_LAST", taken)
        with pytest.raises(OSError, match=f"no port of {taken} to {taken} is free"):
            free_port()
