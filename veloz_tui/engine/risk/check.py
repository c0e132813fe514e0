"""Whether an order may leave: the rules in their fixed order, the first refusal wins.

A rule that fails or misses something refuses (fail-closed). Cancels and kills never come here.
"""

from collections.abc import Callable
from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.views import Verdict
from veloz_tui.engine.risk.denial import Denial, broken
from veloz_tui.engine.risk.inputs import RiskInputs

Rule = Callable[[OrderRequest, RiskInputs], Denial | None]

RULES: tuple[Rule, ...] = ()


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Return why the order may not leave, or None."""
    for rule in RULES:
        try:
            denial = rule(request, inputs)
        except Exception as error:  # noqa: BLE001 - fail-closed: a rule that can't answer refuses
            return broken(request, rule=rule.__module__.rpartition(".")[2], error=error)
        if denial is not None:
            return denial
    return None


def verdict(request: OrderRequest, inputs: RiskInputs, *, average_entry: Decimal | None = None) -> Verdict:
    """Return what `check` says, with the ticket's numbers; `average_entry` is the position's."""
    denial = check(request, inputs)
    if denial is None:
        return Verdict(is_ok=True)
    return Verdict(is_ok=False, code=denial.code, text=denial.text, limit=denial.limit, value=denial.value)
