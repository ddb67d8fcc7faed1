"""The test of calls that are refused: each with its error and the whole message."""

import pytest


def refused(calls, numbered=False):
    """A test of (call, error, message), each named by its message or, where many are alike, by its number."""
    ids = [str(i) if numbered else message for i, (_, _, message) in enumerate(calls)]

    @pytest.mark.parametrize(("call", "error", "message"), calls, ids=ids)
    def test_refused(call, error, message):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value) == message

    return test_refused
