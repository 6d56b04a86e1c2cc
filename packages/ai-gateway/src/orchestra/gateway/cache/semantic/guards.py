"""What a cosine cannot see: whether two prompts that look alike ask for different things.

Each guard compares two readings, treats both sides alike, and names what differs. A pair that any
of them stops is never answered from the cache, however near the vectors are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations

from orchestra.gateway.cache.semantic.reading import Reading, plain_form, read
from orchestra.gateway.cache.semantic.vocabulary import OPPOSITES, PREFIXES, TELLING

_SMALL = 2
"""Words of content that may differ on each side for the difference to count as an edit."""
_FRAME = 0.6
"""The share of all words that stand in the same order, from which on the sentence is the same one."""
_SENTENCE = 0.7
"""The same for order, and for words without content: paraphrases change both."""
_COMPARED = 900  # pairs of words
_ALIGNED = 200
"""Words of two sentences that are aligned; of longer ones, those in common are counted."""
_REMAINDER = 3  # letters that two words share behind their prefixes

Guard = Callable[[Reading, Reading], bool]
"""True when the two ask for different things."""


def numbers_differ(a: Reading, b: Reading) -> bool:
    """Another amount, count or unit, or the same ones in another order."""
    return a.numbers != b.numbers


def literals_differ(a: Reading, b: Reading) -> bool:
    """Another identifier, path, version, quotation or piece of code, or another order of them."""
    return a.literals != b.literals


def names_differ(a: Reading, b: Reading) -> bool:
    """A name that the other does not speak of."""
    return not (a.names <= set(b.words) and b.names <= set(a.words))


def negations_differ(a: Reading, b: Reading) -> bool:
    """One says no where the other does not."""
    return a.negations != b.negations


def questions_differ(a: Reading, b: Reading) -> bool:
    """When, where, who, why or how many: one asks for another of these, or one alone does."""
    return a.question != b.question


def opposites_met(a: Reading, b: Reading) -> bool:
    """A word stands against its opposite."""
    only_a, only_b = _apart(a.words, b.words)
    if len(only_a) * len(only_b) > _COMPARED:
        return True  # too different to look for what makes the difference
    return any(_opposite(x, y) for x in only_a for y in only_b)


def parts_swapped(a: Reading, b: Reading) -> bool:
    """The same words in other parts: from A to B, and from B to A; X calls Y, and Y calls X."""
    return _directed(a, b) or _turned(a.content, b.content)


def edited(a: Reading, b: Reading) -> bool:
    """The same sentence with a word or two replaced, moved, put in or left out."""
    moved = a.content != b.content and sorted(a.content) == sorted(b.content)
    if (moved or _told(a) != _told(b)) and _kept(a.words, b.words) >= _SENTENCE:
        return True
    only_a, only_b = _apart(a.content, b.content)
    if only_a and only_b:
        few = len(only_a) <= _SMALL or len(only_b) <= _SMALL
        return few or _kept(a.words, b.words) >= _FRAME
    if only_a or only_b:
        shorter, longer = sorted((a.content, b.content), key=len)
        return _within(shorter, longer)
    return False


GUARDS: dict[str, Guard] = {
    "number": numbers_differ,
    "identifier": literals_differ,
    "name": names_differ,
    "negation": negations_differ,
    "question": questions_differ,
    "opposite": opposites_met,
    "order": parts_swapped,
    "edit": edited,
}


def difference(a: str, b: str, *, guards: Iterable[str] = tuple(GUARDS)) -> str | None:
    """The first guard that tells two prompts apart, or None."""
    left, right = read(a), read(b)
    return next((name for name in guards if GUARDS[name](left, right)), None)


def _told(a: Reading) -> tuple[Counter[str], frozenset[str]]:
    """Its words without content that tell something, and what it speaks of in the plural."""
    return Counter(word for word in a.words if word in TELLING), a.plurals


def _apart(a: Sequence[str], b: Sequence[str]) -> tuple[list[str], list[str]]:
    counted_a, counted_b = Counter(a), Counter(b)
    return list((counted_a - counted_b).elements()), list((counted_b - counted_a).elements())


@lru_cache(maxsize=1)
def _pairs() -> frozenset[frozenset[str]]:
    plain = {frozenset(map(plain_form, pair)) for pair in OPPOSITES}
    return frozenset(pair for pair in plain if len(pair) == 2) | OPPOSITES


@lru_cache(maxsize=32_768)
def _opposite(a: str, b: str) -> bool:
    if frozenset((a, b)) in _pairs():
        return True
    return any(_stripped(x) & _stripped(y) for x, y in ((a, b),)) and a != b


@lru_cache(maxsize=8_192)
def _stripped(word: str) -> frozenset[str]:
    """The word, and what is left of it behind each prefix that it may have."""
    rest = (word[len(p) :] for p in PREFIXES if word.startswith(p))
    return frozenset([word, *(r for r in rest if len(r) >= _REMAINDER)])


def _directed(a: Reading, b: Reading) -> bool:
    only_a, only_b = a.parts - b.parts, b.parts - a.parts
    words_a, words_b = {word for word, _ in only_a}, {word for word, _ in only_b}
    if words_a & words_b:  # one word, two directions
        return True
    gone = {(x, to) for x, to in only_a if x in b.content}
    come = {(y, to) for y, to in only_b if y in a.content}
    return bool({to for _, to in gone} & {to for _, to in come})


def _turned(a: Sequence[str], b: Sequence[str]) -> bool:
    """Two words changed places around a third."""
    if a == b or Counter(a) != Counter(b) or len(set(a)) != len(a) or len(a) > 40:
        return False
    place = {word: n for n, word in enumerate(b)}
    for x, y in combinations(range(len(a)), 2):
        if place[a[x]] > place[a[y]]:
            between = set(a[x + 1 : y])
            if between & set(b[place[a[y]] + 1 : place[a[x]]]):
                return True
    return False


def _kept(a: Sequence[str], b: Sequence[str]) -> float:
    # The matcher is not symmetric: its answer for the two in one order serves for both.
    first, second = sorted((tuple(a), tuple(b)))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.ratio() if len(a) + len(b) <= _ALIGNED else matcher.quick_ratio()


def _within(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    rest: Iterator[str] = iter(longer)
    return all(word in rest for word in shorter)
