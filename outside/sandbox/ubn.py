"""Business numbers for the fictitious country. Only generates; whether a typed number is valid is decided in `organisations`."""

WEIGHTS = (1, 2, 1, 2, 1, 2, 4)
TOWN_PREFIXES = 8_000_000  # 1000000 to 8999999: enterprises; 9000000 up: samples and vendors
STRIDE = 3_141_593  # shares no factor with TOWN_PREFIXES, so that numbers do not repeat
SHIFT = 4_271_828
UNSTRIDE = pow(STRIDE, -1, TOWN_PREFIXES)
_DIGIT_SUMS = [[sum(divmod(weight * digit, 10)) for digit in range(10)] for weight in WEIGHTS]


def with_check_digit(prefix: int) -> str:
    """A number that is valid only under the rule of April 2023 (sum divisible by 5 but not by 10), so that it is hardly ever a real firm's.

    Source: Ministry of Finance, change of the check rule for business numbers, in force 2023-04.
    """
    text = f"{prefix:07d}"
    total = sum(_DIGIT_SUMS[place][ord(digit) - 48] for place, digit in enumerate(text))
    return f"{text}{(15 - total % 10) % 10}"


def ubn_of(index: int) -> str:
    """The number of the country's enterprise `index` (from 0)."""
    return with_check_digit(1_000_000 + (index * STRIDE + SHIFT) % TOWN_PREFIXES)


def index_of(ubn: str) -> int | None:
    """The enterprise with this number, or None for a number the country never gives."""
    if len(ubn) != 8 or not (ubn.isascii() and ubn.isdigit()):
        return None
    prefix = int(ubn[:7]) - 1_000_000
    if not 0 <= prefix < TOWN_PREFIXES or with_check_digit(int(ubn[:7])) != ubn:
        return None
    return (prefix - SHIFT) * UNSTRIDE % TOWN_PREFIXES
