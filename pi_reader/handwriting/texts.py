"""What people write down: numbers, sums, equations, prices, dates, labels, words; as text.

The alphabet is that of `writing`: digits, signs, letters, `@` for a letter of any script, `¤` for
one of a script that is made up, `^` before what is raised, `§` for a whole word of joined writing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Text = Callable[[np.random.Generator], str]

_UNITS = ("m", "cm", "km", "kg", "g", "l", "h", "min", "s", "V", "W", "°", "°C", "%", "kWh", "€")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Mai", "Jun", "Jul", "Aug", "Sep", "Oct", "Okt")


def number(rng: np.random.Generator, most: int = 8, short: float = 0.3) -> str:
    """A number of 1 to `most` digits, some of one digit repeated; short: chance that it ends."""
    n = int(min(most, rng.geometric(short)))
    if rng.random() < 0.07:
        return str(rng.integers(10)) * n
    return "".join(str(digit) for digit in rng.integers(0, 10, n))


def numbers(rng: np.random.Generator) -> str:
    """One number, or a few with blanks between."""
    if rng.random() < 0.7:
        return number(rng)
    return " ".join(number(rng, 4) for _ in range(int(rng.integers(2, 4))))


def spread(rng: np.random.Generator) -> str:
    """Single digits far apart: the first ten in order, one of them again and again, or any."""
    kind = rng.random()
    n = int(rng.integers(3, 10))
    if kind < 0.35:
        start = int(rng.integers(0, 6))
        digits = [str((start + step) % 10) for step in range(n)]
        if rng.random() < 0.2:
            digits += list("+-×/="[: int(rng.integers(1, 6))])
    elif kind < 0.5:
        digits = [str(rng.integers(10))] * n
    else:
        digits = [str(digit) for digit in rng.integers(0, 10, n)]
    return "  ".join(digits)


def lone(rng: np.random.Generator) -> str:
    """A digit by itself, often a 1, or two or three far apart."""
    n = int(rng.choice(3, p=[0.6, 0.25, 0.15])) + 1
    return "   ".join("1" if rng.random() < 0.25 else str(rng.integers(10)) for _ in range(n))


def sum_(rng: np.random.Generator) -> str:
    """A sum with any of the four operations, with brackets and a result as people like."""
    blank = " " if rng.random() < 0.7 else ""
    signs = ("++--××//", "++--××÷÷", "+-*/")[rng.integers(3)]
    return _chain(rng, signs, blank) + _result(rng, blank)


def _chain(rng: np.random.Generator, signs: str, blank: str, deep: bool = False) -> str:
    """Two to four terms; some are chains in brackets."""
    out = _term(rng, signs, blank, deep)
    for _ in range(int(rng.choice(3, p=[0.5, 0.3, 0.2])) + 1 - deep or 1):
        sign = signs[rng.integers(len(signs))]
        out += blank + sign + blank + _term(rng, signs, blank, deep)
    return out


def _term(rng: np.random.Generator, signs: str, blank: str, deep: bool) -> str:
    if not deep and rng.random() < 0.03:
        return f"√{number(rng, 3)}"
    if not deep and rng.random() < 0.2:
        return f"({_chain(rng, signs, blank, deep=True)})"
    return number(rng, 3, 0.5)


def _result(rng: np.random.Generator, blank: str) -> str:
    """What stands behind a sum: nothing, an equals sign, a result."""
    kind = rng.random()
    if kind < 0.55:
        return ""
    return f"{blank}={blank}" + (number(rng, 4) if kind < 0.9 else "")


def brackets(rng: np.random.Generator) -> str:
    """Brackets, slashes and plain ones beside each other."""
    out = ""
    for _ in range(int(rng.integers(2, 5))):
        inner = number(rng, 3) if rng.random() < 0.6 else "1" * int(rng.integers(1, 4))
        kind = rng.random()
        if kind < 0.55:
            inner = f"({inner}{'+-/,'[rng.integers(4)]}{number(rng, 2)})"
        elif kind < 0.7:
            inner = f"(({inner}))"[: int(rng.integers(3, 8))]
        out += inner + (" / ", "/", " + ", "×", "-")[rng.integers(5)]
    return out + number(rng, 2)


def equation(rng: np.random.Generator) -> str:
    """An equation in x, y or another letter, or a formula."""
    names = "xxxxyyyzabcntkpq"
    name = names[rng.integers(len(names))]
    other = names[rng.integers(len(names))]
    blank = " " if rng.random() < 0.75 else ""
    kind = rng.random()
    if kind < 0.2:
        return f"{name}{blank}={blank}{number(rng, 4)}"
    if kind < 0.3:
        return f"{name}({other}){blank}={blank}{_linear(rng, other, blank)}"
    left = _linear(rng, name, blank, other if rng.random() < 0.3 else "")
    right = number(rng, 3) if rng.random() < 0.6 else _linear(rng, name, blank)
    return left + (f"{blank}={blank}{right}" if rng.random() < 0.85 else "")


def _linear(rng: np.random.Generator, name: str, blank: str, other: str = "") -> str:
    """Two or three terms such as 3x + 4."""
    out = number(rng, 2) * (rng.random() < 0.75) + name
    for last in (other, "")[not other :]:
        term = number(rng, 2) + last
        out += blank + "+-"[rng.integers(2)] + blank + term
    return out


def exponent(rng: np.random.Generator) -> str:
    """Powers of numbers and letters: 3x² - 7x + 9, 10⁶, 2⁵ + 1."""
    if rng.random() < 0.35:
        power = "".join("^" + digit for digit in number(rng, 2))
        return f"{number(rng, 2)}{power}" + _result(rng, " ")
    name = "xxxayzn"[rng.integers(7)]
    high = int(rng.integers(2, 5))
    out = f"{number(rng, 2) * (rng.random() < 0.7)}{name}^{high}"
    if rng.random() < 0.8:
        out += f" {'+-'[rng.integers(2)]} {number(rng, 2)}{name}"
    if rng.random() < 0.8:
        out += f" {'+-'[rng.integers(2)]} {number(rng, 2)}"
    return out + (f" = {number(rng, 2)}" if rng.random() < 0.5 else "")


def price(rng: np.random.Generator) -> str:
    """An amount of money or another decimal number."""
    point = ".,"[rng.integers(2)]
    places = number(rng, 1) + number(rng, 1) if rng.random() < 0.7 else number(rng, 3)
    whole = number(rng, 4)
    if rng.random() < 0.15:
        whole = f"{number(rng, 2)}{',.'[point == ',']}{rng.integers(100, 1000)}"
    amount = f"{whole}{point}{places}"
    kind = rng.random()
    if kind < 0.25:
        return amount + (" €", "€", "$")[rng.integers(3)]
    if kind < 0.35:
        return f"${amount}"
    if kind < 0.42:
        return f"{whole},-"
    return ("-" if kind > 0.93 else "") + amount


def date(rng: np.random.Generator) -> str:
    """A date in one of the world's ways."""
    day, month, year = (int(rng.integers(*span)) for span in ((1, 32), (1, 13), (1950, 2040)))
    short = str(year) if rng.random() < 0.6 else f"{year % 100:02d}"
    kind = rng.integers(6)
    if kind == 0:
        return f"{year}-{month:02d}-{day:02d}"
    if kind == 1:
        return f"{day}. {_MONTHS[rng.integers(len(_MONTHS))]} {short}"
    mark = "./.-/"[rng.integers(5)]
    if rng.random() < 0.5:
        return f"{day:02d}{mark}{month:02d}{mark}{short}"
    return f"{day}{mark}{month}{mark}{short}" if rng.random() < 0.8 else f"{day}{mark}{month}{mark}"


def time(rng: np.random.Generator) -> str:
    """A time of day, a span, a score."""
    hour, minute = int(rng.integers(24)), int(rng.integers(60))
    kind = rng.random()
    if kind < 0.6:
        return f"{hour}:{minute:02d}" + (" h" if rng.random() < 0.15 else "")
    if kind < 0.75:
        return f"{hour:02d}:{minute:02d}:{rng.integers(60):02d}"
    if kind < 0.87:
        return f"{hour}:{minute:02d} - {(hour + 2) % 24}:{minute:02d}"
    return f"{rng.integers(10)}:{rng.integers(10)}"


def measure(rng: np.random.Generator) -> str:
    """A number with its unit: temperatures, lengths, weights, shares."""
    unit = _UNITS[rng.integers(len(_UNITS))]
    whole = number(rng, 3)
    decimals = "" if rng.random() < 0.5 else ".,"[rng.integers(2)] + number(rng, 2)
    sign = ("", "", "", "-", "+")[rng.integers(5)]
    return f"{sign}{whole}{decimals}{' ' * (rng.random() < 0.6)}{unit}"


def word(rng: np.random.Generator, most: int = 9) -> str:
    """A word without sense: of one alphabet's letters, or of any script's."""
    n = int(rng.integers(2, most + 1))
    if rng.random() < 0.5:
        return ("@" if rng.random() < 0.7 else "¤") * n
    letters = "aeiounrstlmdchgkpbfvwyzeeaaooiinnrsl"
    out = "".join(letters[rng.integers(len(letters))] for _ in range(n))
    return ("CDILOSZ"[rng.integers(7)] if rng.random() < 0.2 else "") + out


def label(rng: np.random.Generator) -> str:
    """A word and its number: a meter, a room, an item of a list."""
    kind = rng.random()
    middle = (": ", " ", " = ", " - ", ":")[rng.integers(5)]
    if kind < 0.65:
        return f"{word(rng, 7)}{middle}{number(rng, 5)}"
    if kind < 0.8:
        return f"{rng.integers(1, 20)}{').-'[rng.integers(3)]} {word(rng, 7)}"
    if kind < 0.9:
        return f"{number(rng, 2)}×{' ' * (rng.random() < 0.5)}{word(rng, 6)}"
    return f"{'@CDLSZ'[rng.integers(6)]}{number(rng, 5)}"


def alphabet(rng: np.random.Generator) -> str:
    """Single letters far apart, of any script, now and then a row of digits among them."""
    n = int(rng.integers(4, 11))
    kind = rng.random()
    if kind < 0.08:
        return " ".join(str(digit) for digit in rng.integers(0, 10, n))
    return " ".join(("&" if kind < 0.75 else "¤") * n)


def words(rng: np.random.Generator) -> str:
    """Words with a number among them."""
    n = int(rng.integers(1, 4))
    out = [word(rng) for _ in range(n)]
    out.insert(int(rng.integers(n + 1)), numbers(rng) if rng.random() < 0.7 else price(rng))
    return " ".join(out) + ("", "", ".", ",", ":")[rng.integers(5)]


def prose(rng: np.random.Generator) -> str:
    """Words alone, or letters one by one."""
    if rng.random() < 0.25:
        return "  ".join(("@" if rng.random() < 0.7 else "¤") * int(rng.integers(3, 12)))
    return (
        " ".join(word(rng) for _ in range(int(rng.integers(1, 5))))
        + ("", ".", ",")[rng.integers(3)]
    )


def item(rng: np.random.Generator) -> str:
    """An entry of a list that is numbered by digits or letters, or of pairs."""
    kind = rng.random()
    if kind < 0.15:
        return f"{'abcdABC'[rng.integers(7)]}{').:'[rng.integers(3)]} {numbers(rng)}"
    if kind < 0.25:
        return f"{number(rng, 3)} {'→<>=~'[rng.integers(5)]} {number(rng, 3)}"
    if kind < 0.3:
        return f"✓ {numbers(rng)}"
    return f"{rng.integers(1, 20)}{').,'[rng.integers(3)]} {numbers(rng)}"


def phone(rng: np.random.Generator) -> str:
    """A telephone number, an account, a code with dashes."""
    groups = [number(rng, 4) for _ in range(int(rng.integers(2, 5)))]
    joint = ("-", " - ", " ", "/", " ")[rng.integers(5)]
    return ("+" if rng.random() < 0.2 else "") + joint.join(groups)


def code(rng: np.random.Generator) -> str:
    """A serial number, a part, a number plate: digits with single letters and slashes in them."""
    groups = []
    for _ in range(int(rng.integers(1, 4))):
        out = number(rng, 5, 0.25)
        for _ in range(int(rng.integers(0, 3))):
            at = int(rng.integers(len(out) + 1))
            out = out[:at] + "@@@xyzznkabcdeghpqrtuvwCDLZ"[rng.integers(27)] + out[at:]
        groups.append(out)
    return ("/", "/", "-", " ", "")[rng.integers(5)].join(groups)


def only_signs(rng: np.random.Generator) -> str:
    """One sign again and again, or several: no digit among them."""
    common = "////((()))+-×÷=:%.,*" if rng.random() < 0.8 else "<>~→✓√€$°/("
    n = int(rng.integers(2, 11))
    if rng.random() < 0.65:
        return " ".join(common[rng.integers(len(common))] * n)
    return " ".join(common[rng.integers(len(common))] for _ in range(n))


def cursive(rng: np.random.Generator) -> str:
    """Joined writing, with a number in it now and then."""
    out = ["§"] * int(rng.integers(1, 5))
    if rng.random() < 0.3:
        out[rng.integers(len(out))] = number(rng, 4)
    return " ".join(out)
