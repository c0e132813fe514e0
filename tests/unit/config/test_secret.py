"""A secret is shown by reveal only."""

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from veloz_tui.config.secret import SHOWN, ApiKey, Secret, decode_key, encode_key, kind_of
from veloz_tui.domain.errors import ConfigError

CANARY = "Canary0123456789abcdefghijklmnopqrstuvwx"  # 40 characters
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJJ+Canary+line+of+key+material+000000\n"
    "-----END PRIVATE KEY-----\n"
)


def key(**changes: object) -> ApiKey:
    made = ApiKey(
        name="main",
        venue="BINANCE",
        kind="hmac",
        environment="test",
        api_key=Secret("ApiKeyCanary1234"),
        secret=Secret(CANARY),
        account_uid="42",
    )
    return msgspec.structs.replace(made, **changes)


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>60}",
        f"{secret:s}",
        "%s %r" % (secret, secret),  # noqa: UP031 - this way too
        repr([secret]),
        repr(key()),
        str(key()),
        repr(vars(type(secret))),
        json.dumps([1], default=str),
        json.dumps(secret, default=str),
    ]
    assert not [text for text in shown if CANARY in text]
    assert str(secret) == SHOWN


def test_it_can_not_be_pickled_or_put_into_json() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(Secret(CANARY), protocol=protocol)
    with pytest.raises(TypeError):
        pickle.dumps(key())
    with pytest.raises(TypeError):
        json.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        msgspec.json.encode(key())
    with pytest.raises(TypeError):
        Secret(CANARY).__getstate__()


def test_comparing_and_hashing_say_nothing_about_the_text() -> None:
    secret = Secret(CANARY)
    others: list[object] = [CANARY, Secret(CANARY)]
    assert secret not in others
    assert hash(secret) != hash(CANARY)
    assert copy.deepcopy(secret) is secret
    assert secret.matches(CANARY)
    assert not secret.matches(CANARY[:-1])
    assert secret.reveal() == CANARY


def test_tracebacks_with_locals_do_not_show_it() -> None:
    def fail(secret: Secret, record: ApiKey) -> None:
        raise ValueError(f"no good: {secret} {record}")

    try:
        fail(Secret(CANARY), key())
    except ValueError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert SHOWN in text
    assert CANARY not in text


def test_logging_a_record_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("x").warning("added %s %r", Secret(CANARY), key())
    assert CANARY not in caplog.text


@pytest.mark.parametrize(("secret", "kind"), [(CANARY, "hmac"), (PEM, "ed25519"), (f"\n {PEM}", "ed25519")])
def test_a_private_key_is_told_from_a_shared_secret(secret: str, kind: str) -> None:
    assert kind_of(secret) == kind


def test_a_stored_key_comes_back_whole() -> None:
    stored = key(secret=Secret(PEM), kind="ed25519", allow_withdrawals=True)
    found = decode_key(encode_key(stored), name="main")
    assert (found.api_key.reveal(), found.secret.reveal()) == ("ApiKeyCanary1234", PEM)
    assert encode_key(found) == encode_key(stored)


@pytest.mark.parametrize("text", ["", "{}", f'{{"secret": "{CANARY}"}}', CANARY, '{"version": 2}', "[1"])
def test_an_entry_that_is_no_key_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ConfigError, match="veloz keys add main") as refused:
        decode_key(text, name="main")
    assert CANARY not in "".join(traceback.format_exception(refused.value))
