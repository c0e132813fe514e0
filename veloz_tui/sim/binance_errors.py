"""The venue's refusals: code, message, HTTP status (protocol sheet, sections 4 and 5)."""

from __future__ import annotations


class VenueError(Exception):
    """A refusal as it goes on the wire; `data` and `retry_after_ms` (epoch) only where the venue has them."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        data: dict[str, object] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.retry_after_ms = retry_after_ms

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def filter_failure(name: str) -> VenueError:
    return VenueError(-1013, f"Filter failure: {name}")


def rejected(message: str) -> VenueError:
    """The matching engine's no."""
    return VenueError(-2010, message)


def missing(parameter: str) -> VenueError:
    return VenueError(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def illegal(parameter: str, pattern: str) -> VenueError:
    return VenueError(
        -1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{pattern}'."
    )


def not_required(parameter: str) -> VenueError:
    return VenueError(-1106, f"Parameter '{parameter}' sent when not required.")


def unknown_symbol() -> VenueError:
    return VenueError(-1121, "Invalid symbol.")


def unknown_cancel() -> VenueError:
    return VenueError(-2011, "Unknown order sent.")


def no_such_order() -> VenueError:
    return VenueError(-2013, "Order does not exist.")


def bad_key_format() -> VenueError:
    return VenueError(-2014, "API-key format invalid.", status=401)


def bad_key() -> VenueError:
    return VenueError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def bad_signature() -> VenueError:
    return VenueError(-1022, "Signature for this request is not valid.")


def too_many_orders(limit: int, interval: str) -> VenueError:
    return VenueError(
        -1015, f"Too many new orders; current limit is {limit} orders per {interval}.", status=429
    )


def insufficient_balance() -> VenueError:
    return rejected("Account has insufficient balance for requested action.")


DUPLICATE_ORDER = "Duplicate order sent."
WOULD_MATCH = "Order would immediately match and take."
WOULD_TRIGGER = "Order would trigger immediately."
MARKET_CLOSED = "Market is closed."
TRADING_DISABLED = "This action is disabled on this account."
