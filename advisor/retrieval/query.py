"""What a question asks for, before any search: its language, its terms, its context."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from advisor.retrieval.asked import Asked, own_words, understand_shape
from advisor.retrieval.conversation import Turn, background, elsewhere
from advisor.text.analysis import STOP_WORDS, content_words, stem
from advisor.text.language import Language, detect_language
from advisor.text.mentions import capitalised_in
from advisor.text.normalise import fold, fold_typed

MAX_QUESTION = 2000
_MOST_WORDS = 40
_TYPED = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
# «Aide-t-elle», «pourrait-on».
_INVERTED = re.compile(r"(?:-t)?-(?:je|tu|il|elle|on|ce|nous|vous|ils|elles)$", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[,.;:!?…]+(?:\s|$)|\s(?:et|and|und)\s(?=(?:nous|on|je|we|i|wir|ich)\s)", re.I
)
# «Nous sommes une petite commune de montagne, …»: who asks, not what is asked.
_WHO_ASKS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"^(?:bonjour )?(?:je suis|nous sommes|on est|je travaille|nous travaillons|je represente"
        r"|(?:ma|mon|notre|nos) [\w' -]{2,30} (?:est|a|compte|sont|ont|comptent)) "
    ),
    "en": re.compile(
        r"^(?:hello )?(?:i am|i'm|we are|we're|i work|we work"
        r"|(?:my|our) [\w' -]{2,30} (?:is|has|have)) "
    ),
    "de": re.compile(
        r"^(?:ich bin|wir sind|ich arbeite|(?:mein|unser)\w* [\w' -]{2,30} (?:ist|hat|haben)) "
    ),
}
# «…», “…”, „…“, "…": the very words that the source is expected to have.
_QUOTED = re.compile(r"«([^»]+)»|[“„]([^”“]+)[”“]|\"([^\"]+)\"")
# «Ma commune de 4 000 habitants», «une ville de 800 habitants».
_SIZE = re.compile(
    r"\b(?:ma|mon|notre|nos|une?|my|our|a|mein\w*|unser\w*|einer?) [\w' -]{2,40}?"
    r" (?:de|d['’]|of|with|mit) \d[\d \u00a0\u202f.,]*"
    r"(?:habitants?|hab\.|inhabitants|people|einwohnern?)\b",
    re.IGNORECASE,
)
# «Notre bourg veut…»: whoever wants something is no part of what they want.
_ON_BEHALF = re.compile(
    r"\b(?:ma|mon|notre|my|our|mein\w*|unser\w*) (?:[\w'’-]+ )?"
    r"(?:commune|village|ville|bourg|bourgade|hameau|mairie|agglo(?:mération)?|métropole|pays"
    r"|communauté|intercommunalité|collectivité|territoire|département|région"
    r"|town|city|council|municipality|district|region|stadt|gemeinde|dorf|landkreis)"
    r"(?: [\w'’-]+){0,4}? (?=(?:veut|voudrait|souhait\w+|aimerait|cherche|envisage|réfléchit"
    r"|doit|projette|pense|wants|would like|wishes|plans|is looking|möchte|will|plant"
    r"|sucht)\b)",
    re.IGNORECASE,
)
# «À part Loos-en-Gohelle, quelles communes… ?»: what is set aside, a name or a clause of its own.
_BUT = (
    r"(?:au[- ]del[àa]|[àa] part|hormis|except[ée]|sauf|en dehors|autres? que|apart from|besides"
    r"|other than|except(?: for)?|beyond|außer|abgesehen von)\b(?: des?\b| du\b| d['’]| from)? ?"
)
_NAMES = r"((?-i:[A-ZÀ-Ý])[\w'’-]+(?: (?-i:[A-ZÀ-Ý])[\w'’-]+)*)"
_EXCEPT = re.compile(
    rf"\b{_BUT}{_NAMES},?|^{_BUT}([^\d,;:?!.]{{3,60}}),"
    rf"|, {_BUT}([^\d,;:?!.]{{3,60}})(?=[,;:?!.]|$)",
    re.IGNORECASE,
)
# The last decade of two figures that is of this century.
_THIS_CENTURY = 20
# «Les années 90», «the 1990s», «die 90er»: a decade, which texts give by its first year.
_DECADE = re.compile(
    r"\bannées (\d{2})?(\d0)\b|\b(\d{2})?(\d0)(?:s\b|er (?:Jahren?)?)", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-z][^<>]{0,200}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Terms of the corpus that stand for terms of the question.

    ``origin`` says why: ``spelling`` (a word the corpus does not know, corrected), ``acronym``
    (an acronym written out, or the reverse), ``synonym``, ``translation``, or ``same`` (the very
    word, as the analysis of another language stems it). ``weight`` in ]0, 1] is how much finding
    them counts, relative to the question's own terms. ``shown`` is the word or expression in clear.
    ``lang`` restricts them to passages in one language.
    """

    asked: tuple[str, ...]
    terms: tuple[str, ...]
    weight: float
    origin: str
    shown: str
    lang: Language | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """An understood question.

    ``text`` is the question as typed (control characters dropped), less what it sets aside, its
    ``except_for``; ``who`` is what it says of who asks; ``turns`` the earlier questions it leans
    on, oldest first, and ``recalled`` the part of the answer before, both empty when it stands
    alone. ``words`` are its content words in order and ``terms`` their index terms in the
    question's language, each once; ``context_words`` and ``context_terms`` those of the context,
    and of what the question says of who asks. ``elsewhere``: it asks of other places than those of
    the context or set aside: territories of slugs ``other_than``, with names made of the terms
    ``left``. ``quoted`` are the terms typed between quotation marks. ``places`` and ``programmes``
    are the slugs of the territories and the dispositifs it is about.
    ``alternatives`` come from the corpus: see ``advisor.retrieval.expansion``.
    """

    text: str
    lang: Language
    terms: tuple[str, ...]
    words: tuple[str, ...] = ()
    who: str = ""
    except_for: str = ""
    turns: tuple[str, ...] = ()
    recalled: str = ""
    context_words: tuple[str, ...] = ()
    context_terms: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    elsewhere: bool = False
    left: frozenset[str] = frozenset()
    other_than: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    quoted: frozenset[str] = frozenset()

    @property
    def context(self) -> str:
        """The earlier questions that it leans on, as one text."""
        return " ".join(self.turns)

    @property
    def asking(self) -> str:
        """The text that tells the form of the answer: its own, or the turn that it cuts short."""
        texts = (self.text, *reversed(self.turns))
        told = (text for text in texts if not understand_shape(text, self.lang).plain)
        return next(told, self.text)

    @property
    def asked(self) -> Asked:
        """The form of the answer and the kinds of value that the question asks for."""
        return understand_shape(self.asking, self.lang)

    @property
    def embedded(self) -> str:
        """The text to embed: the question, corrected, with the turns it follows."""
        corrections = [one.shown for one in self.alternatives if one.origin in _EMBEDDED]
        return " ".join(part for part in (*self.turns, self.text, *corrections) if part)

    def leaning_on(self, turns: Sequence[str], recalled: str) -> Query:
        """Return the question with other turns to lean on and another part of the answer."""
        # Their words are stemmed with the question's: one question, one language.
        told = content_words(" ".join([*turns, recalled, self.who]), self.lang)
        words = tuple(word for word in dict.fromkeys(told) if word not in self.words)
        words = words[: 2 * _MOST_WORDS]
        terms = tuple(term for term in _terms(words, self.lang) if term not in self.terms)
        return replace(
            self,
            turns=tuple(turns),
            recalled=recalled,
            context_words=words,
            context_terms=terms,
        )

    def standing_for(self, term: str) -> set[str]:
        """Return the single terms that stand for a term: translated, corrected, abbreviated."""
        others = (
            one
            for one in self.alternatives
            if one.origin not in ("same", "synonym") and term in one.asked
        )
        return {one.terms[0] for one in others if len(one.terms) == 1}

    def translations(self, term: str) -> list[str]:
        """Return the words that translate a term of the question, in clear."""
        return [
            one.shown
            for one in self.alternatives
            if one.origin == "translation" and term in one.asked
        ]

    def as_typed(self, term: str) -> str:
        """Return the word of the question, or of those it leans on, that gives a term.

        The term itself when none does.
        """
        for match in _TYPED.finditer(f"{self.text} {self.context}"):
            word = _INVERTED.sub("", match.group())
            if term in {stem(part, self.lang) for part in content_words(word, self.lang)}:
                return word
        return term

    def holds(self, term: str, terms: Container[str], lang: Language) -> float:
        """Return how well terms of a text in a language hold a term of the question, in [0, 1].

        1 for the term itself, the alternative's weight for what stands for it, else 0.
        """
        if term in terms:
            return 1.0
        best = 0.0
        for one in self.alternatives:
            stands = term in one.asked and one.lang in (None, lang)
            if stands and one.weight > best and all(other in terms for other in one.terms):
                best = one.weight
        return best


_EMBEDDED = ("spelling", "acronym")


def understand(question: str, history: Sequence[Turn] = (), default: Language = "fr") -> Query:
    """Analyse a question; ``history`` holds the turns before it, oldest first."""
    plain = _plain(question)
    lang = detect_language(plain, default)
    text, except_for = _set_aside(plain, lang)
    asked, who = _apart(text, lang)
    words = tuple(content_words(_DECADE.sub(_first_year, asked), lang)[:_MOST_WORDS])
    leant = background(text, lang, history)
    query = Query(
        text,
        lang,
        _terms(words, lang),
        words,
        who,
        except_for,
        elsewhere=bool(leant.questions) and elsewhere(text),
        quoted=frozenset(_terms(content_words(" ".join(_quotations(asked)), lang), lang)),
    )
    return query.leaning_on([_plain(turn) for turn in leant.questions], _plain(leant.answer))


def _plain(text: str) -> str:
    return " ".join(_TAG.sub(" ", printable(text[:MAX_QUESTION])).split())


def _first_year(decade: re.Match[str]) -> str:
    century, tens = decade.group(1) or decade.group(3), decade.group(2) or decade.group(4)
    # «Les années 20» are these.
    return (century or ("20" if int(tens) <= _THIS_CENTURY else "19")) + tens + " "


def _set_aside(text: str, lang: Language) -> tuple[str, str]:
    """Return a question less what it sets aside, and that; whole when nothing else is left."""
    found = _EXCEPT.search(text)
    if found is None:
        return text, ""
    rest = " ".join(f"{text[: found.start()]} {text[found.end() :]}".split())
    aside = next(part for part in found.groups() if part)
    return (rest, aside.strip()) if own_words(rest, lang) else (text, "")


def _apart(text: str, lang: Language) -> tuple[str, str]:
    """Return what a question asks, and what it says of who asks, if it does both."""
    found = [*_SIZE.findall(text), *_ON_BEHALF.findall(text)]
    rest = _ON_BEHALF.sub(" ", _SIZE.sub(" ", text))
    clauses = [clause for clause in _CLAUSE.split(rest) if clause.strip()]
    who = [one for one in clauses if _WHO_ASKS[lang].search(f"{fold_typed(one).strip()} ")]
    asked = " ; ".join(one for one in clauses if one not in who)
    who += found
    return (asked, " ; ".join(who)) if who and content_words(asked, lang) else (text, "")


def _quotations(text: str) -> list[str]:
    return ["".join(found) for found in _QUOTED.findall(text)]


def named(query: Query) -> dict[str, list[str]]:
    """Return the names of a question, as typed, each with its content words, a compound last."""
    return {
        name: words
        for name in capitalised_in(query.text)
        if (words := content_words(name, query.lang)) and fold(name) not in STOP_WORDS["fr"]
    }


def _terms(words: Sequence[str], lang: Language) -> tuple[str, ...]:
    stems = [stem(word, lang) for word in words]
    # A letter alone tells nothing.
    return tuple(dict.fromkeys(term for term in stems if len(term) > 1 or term.isdigit()))


def printable(text: str) -> str:
    """Return a text with its control and other invisible characters turned into spaces."""
    if text.isprintable():
        return text
    return "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs") else char
        for char in text
    )
