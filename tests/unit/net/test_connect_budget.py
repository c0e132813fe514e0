"""New connections in a sliding window."""

from veloz_tui.net.connect_budget import ConnectBudget


def test_connections_are_free_until_the_limit() -> None:
    budget = ConnectBudget(limit=2, window_s=300)
    budget.spend(10.0)
    assert budget.wait_s(10.0) == 0


def test_the_limit_opens_again_when_the_oldest_leaves_the_window() -> None:
    budget = ConnectBudget(limit=2, window_s=300)
    budget.spend(10.0)
    budget.spend(20.0)
    assert budget.wait_s(21.0) == 289
    assert budget.wait_s(310.0) == 0


def test_a_ban_holds_even_with_budget_left() -> None:
    budget = ConnectBudget(limit=2, window_s=300)
    budget.close_until(50.0)
    assert budget.wait_s(20.0) == 30
    assert budget.wait_s(50.0) == 0


def test_no_window_ever_holds_more_than_the_limit() -> None:
    budget, now_s, opened = ConnectBudget(limit=5, window_s=10), 0.0, []
    for _ in range(50):
        now_s += budget.wait_s(now_s) + 0.1
        budget.spend(now_s)
        opened.append(now_s)
    assert all(later - earlier >= 10 for earlier, later in zip(opened, opened[5:], strict=False))
