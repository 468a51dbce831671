"""What is known of a gateway that was asked."""

import pytest

from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused, GatewayUnreachable
from bot.gateways.request_results import RequestResults


def failed(results: RequestResults, failure: GatewayError) -> None:
    with pytest.raises(type(failure)), results.request():
        raise failure


@pytest.mark.parametrize("refusal", [GatewayRefused("401"), GatewayMisplaced("404")])
def test_it_refuses_until_it_answers(refusal: GatewayError) -> None:
    results = RequestResults()
    refused = [results.refuses]
    failed(results, refusal)
    refused.append(results.refuses)
    with results.request():
        refused.append(results.refuses)
    assert [*refused, results.refuses] == [False, True, True, False]


def test_one_that_is_gone_does_not_refuse() -> None:
    results = RequestResults()
    failed(results, GatewayRefused("401"))
    failed(results, GatewayUnreachable("no route"))
    assert not results.refuses
