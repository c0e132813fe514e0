"""Textual's side of layout.plan: puts each child where the plan says; children not in it aren't shown."""

from collections.abc import Callable
from typing import ClassVar

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, DockArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from veloz_tui.tui.layout import Plan


class PlanLayout(Layout):
    """A layout that asks for the plan of a size."""

    name: ClassVar[str] = "plan"

    def __init__(self, plan_for: Callable[[int, int], Plan]) -> None:
        super().__init__()
        self._plan_for = plan_for

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: FBT001, FBT002 -- the base class's signature
    ) -> ArrangeResult:
        """Place the children named in the plan."""
        parent.pre_layout(self)
        plan = self._plan_for(size.width, size.height)
        return [
            WidgetPlacement(Region(*plan[child.name]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.name in plan
        ]


class ConsoleScreen(Screen[None]):
    """The only screen: its children stand where the plan says."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    CSS: ClassVar[str] = "ConsoleScreen { overflow: hidden hidden; }"

    def __init__(self, plan_for: Callable[[int, int], Plan], laid_out: Callable[[], bool]) -> None:
        """`laid_out` is told when the screen is to be painted, and says whether somebody else does that."""
        super().__init__()
        self._plan_layout = PlanLayout(plan_for)
        self._laid_out = laid_out

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:  # noqa: FBT001, FBT002
        """Ask for the plan each time: Textual remembers arrangements by size alone."""
        self._clear_arrangement_cache()
        return super().arrange(size, optimal)

    def _compositor_refresh(self) -> None:
        if not self._laid_out():
            super()._compositor_refresh()
            return
        self._dirty_widgets.clear()
        self._compositor._dirty_regions.clear()

    @property
    def layout(self) -> Layout:
        """Where the children stand."""
        return self._plan_layout
