"""What is known of a gateway that was asked."""

import pytest

from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused, GatewayUnreachable
from bot.gateways.record import Record


def failed(record: Record, failure: GatewayError) -> None:
    with pytest.raises(type(failure)), record.request():
        raise failure


@pytest.mark.parametrize("refusal", [GatewayRefused("401"), GatewayMisplaced("404")])
def test_it_refuses_until_it_answers(refusal: GatewayError) -> None:
    record = Record()
    refused = [record.refuses]
    failed(record, refusal)
    refused.append(record.refuses)
    with record.request():
        refused.append(record.refuses)
    assert [*refused, record.refuses] == [False, True, True, False]


def test_one_that_is_gone_does_not_refuse() -> None:
    record = Record()
    failed(record, GatewayRefused("401"))
    failed(record, GatewayUnreachable("no route"))
    assert not record.refuses
