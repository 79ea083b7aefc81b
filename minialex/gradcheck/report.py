"""What a check found, in words."""

from dataclasses import dataclass, field

from minialex.gradcheck.comparison import Comparison


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes
    ----------
    kind : str
        "gradient", "ties", "missing", "shape", "dtype", "device", "not finite", "random",
        "changes its input", "not repeatable", "not linear", "not contiguous" or "raises".
    where : str
        Such as "MyConv.backward -> gW".
    summary : str
        Such as "12/18 entries wrong".
    details : tuple of (name, text)
        The lines below.
    """

    kind: str
    where: str
    summary: str
    details: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        title = "GRADIENT MISMATCH" if self.kind == "gradient" else self.kind.upper()
        lines = [f"{title}  {self.where}   {self.summary}"]
        return "\n".join([*lines, *(f" {name:9} {text}" for name, text in self.details)])


@dataclass(frozen=True)
class Checked:
    """One gradient that was compared.

    Attributes
    ----------
    case : str
        Which geometry and state, such as "as given, train=True".
    name : str
        Such as "gW".
    mode : str
        How the derivative was evaluated.
    elements, size : int
        How many entries were compared one by one, and how many there are.
    kinks : int
        Entries at a kink, which were left out.
    error : float
        The largest deviation, relative to the largest derivative.
    wrong : int
        How many of the entries that were compared are wrong.
    """

    case: str
    name: str
    mode: str
    elements: int
    size: int
    kinks: int
    error: float
    wrong: int

    @classmethod
    def of(cls, case: str, result: Comparison) -> "Checked":
        """Return the row for a comparison."""
        elements, size = len(result.indices), result.yours.size
        kinks, wrong = len(result.kinks), len(result.wrong)
        return cls(case, result.name, result.mode.name, elements, size, kinks, result.error, wrong)


@dataclass
class Report:
    """The result of a check; `str` of it is the message."""

    subject: str
    problems: list[Problem] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def __str__(self) -> str:
        notes = [f" note      {text}" for text in self.notes]
        if self.problems:
            return "\n".join([*map(str, self.problems), *notes])
        worst = max(self.checked, key=lambda row: row.error, default=None)
        cases = len(dict.fromkeys(row.case for row in self.checked))
        counted = f"{cases} case{'s' * (cases != 1)}, {len(self.checked)} gradients compared"
        lines = [f"{self.subject}: right in {counted}"]
        if worst:
            modes = ", ".join(dict.fromkeys(row.mode for row in self.checked))
            lines.append(
                f" error     at most {worst.error:.0e} ({worst.name}, {worst.case}); {modes}"
            )
        kinks = sum(row.kinks for row in self.checked)
        if kinks:
            lines.append(
                f" kinks     {kinks} entries lie at a kink, not a wrong gradient: left out"
            )
        return "\n".join([*lines, *notes])


class GradientMismatch(AssertionError):
    """A check failed; `report` is the `Report`, and the message is it in words."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"\n{report}")
        self.report = report
