"""What to do first, and why: advice that fits the trouble. Suggests; people answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from emberwatch.core.read.phrases import spaced
from emberwatch.core.respond.borne import in_short, signs_of
from emberwatch.core.respond.origin import origin
from emberwatch.core.respond.reach import reach_of
from emberwatch.core.respond.themes import is_angry
from emberwatch.core.respond.unanswered import unanswered
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import History, Incident, Recurrence, Status
from emberwatch.model.sign import SignKind


class Stance(StrEnum):
    """How far we go towards a customer; abuse and threats outrank it."""

    GENEROUS = "generous"
    BALANCED = "balanced"
    FIRM = "firm"


class Template(StrEnum):
    """A text to begin an answer with."""

    HOLDING = "holding"
    RESTATE = "restate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must be so for a rule to fire: everything named here; of a list, any.

    `reach` are followers together, `waiting` authors who wait for an answer, `affected` authors who
    speak of the same and are not angry yet; 0 asks for nothing. `themes` are the user's. `returns`:
    its author was angry before, or stood in an incident; `recurs`: a theme keeps coming back.
    """

    kinds: tuple[AlertKind, ...] = ()
    status: tuple[Status, ...] = ()
    signs: tuple[SignKind, ...] = ()
    words: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    reach: int = 0
    hand_offs: int = 0
    waiting: int = 0
    affected: int = 0
    mistake: bool = False
    follows: bool = False
    returns: bool = False
    recurs: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One piece of advice. `say` holds a text for each stance.

    `is_first` puts it before all rules that are not. The clocks say within what time to act.
    """

    id: str
    name: str
    when: Condition = Condition()
    say: Mapping[Stance, str]
    template: Template | None = None
    acknowledge: timedelta | None = None
    answer: timedelta | None = None
    update: timedelta | None = None
    is_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A problem that the user knows of, or a policy: matched by words or by theme."""

    name: str
    words: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """All rules, the texts to begin with by language, and the words that defend by language."""

    stance: Stance = Stance.BALANCED
    rules: tuple[Rule, ...] = ()
    templates: Mapping[Template, Mapping[str, str]] = field(default_factory=dict)
    defensive: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A rule that fired: what it says, why it fired, and a text to begin with."""

    rule: str
    name: str
    say: str
    why: str
    draft: str = ""
    acknowledge: timedelta | None = None
    answer: timedelta | None = None
    update: timedelta | None = None


NO_PLAYBOOK = Playbook()


def advise(playbook: Playbook, incident: Incident) -> tuple[Advice, ...]:
    """Return the advice for an incident as it stands: first rules first, else as they are written.

    Troubles of our own watch ask for no answer to anybody, and get none.
    """
    if incident.brand is None:
        return ()
    facts = _Facts.of(playbook, incident)
    fired = [
        (rule, reasons) for rule in playbook.rules if (reasons := facts.why(rule.when)) is not None
    ]
    fired.sort(key=lambda each: not each[0].is_first)
    return tuple(_advice(playbook, facts, rule, reasons) for rule, reasons in fired)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the machine sees of an incident."""

    incident: Incident
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    reach: int
    waiting: int
    notes: tuple[Known, ...]

    @classmethod
    def of(cls, playbook: Playbook, incident: Incident) -> "_Facts":
        posts = incident.exhibits
        texts = tuple(spaced(post.text) for post in posts)
        return cls(
            incident=incident,
            texts=texts,
            languages=tuple(dict.fromkeys(post.language for post in posts if post.language)),
            reach=reach_of(incident),
            waiting=len(unanswered([incident])),
            notes=notes_for(playbook, incident),
        )

    def _borne(self, kinds: tuple[SignKind, ...]) -> list[str]:
        posts = self.incident.exhibits
        return [in_short(kind, signs) for kind in kinds if (signs := signs_of(posts, kind))]

    def why(self, when: Condition) -> list[str] | None:
        """Return why a condition holds, as phrases; None if it does not."""
        incident = self.incident
        if when.kinds and not set(when.kinds) & set(incident.kinds):
            return None
        if when.status and incident.status not in when.status:
            return None
        reasons: list[str] = []
        for wanted, found in (
            (when.signs, self._borne(when.signs)),
            (when.words, [f'"{word}"' for word in _first(when.words, self.texts)]),
            (when.languages, _shared(when.languages, self.languages)),
            (when.themes, _shared(when.themes, incident.themes)),
        ):
            if wanted and not found:
                return None
            reasons += found
        for least, count, what in (
            (when.reach, self.reach, "followers"),
            (when.hand_offs, incident.hand_offs, "hand-offs"),
            (when.waiting, self.waiting, "people wait"),
            (when.affected, len(incident.affected), "others speak of the same"),
        ):
            if count < least:
                return None
            reasons += [f"{count:,} {what}"] if least else []
        for is_wanted, holds, what in (
            (when.mistake, incident.is_our_mistake is True, "our mistake"),
            (when.follows, incident.previous_id is not None, f"follows {incident.previous_id}"),
            (when.returns, returns(incident), past(incident.history) if incident.history else ""),
            (when.recurs, bool(incident.recurring), ", ".join(map(recurs, incident.recurring))),
            (when.known, bool(self.notes), "a note of yours"),
        ):
            if is_wanted and not holds:
                return None
            reasons += [what] if is_wanted else []
        return reasons or [f"{incident.status} {' and '.join(incident.kinds)}".replace("_", "-")]


def _advice(playbook: Playbook, facts: _Facts, rule: Rule, reasons: list[str]) -> Advice:
    say = rule.say[playbook.stance]
    if rule.when.known:
        say = " ".join([say, *map(told, facts.notes)])
    return Advice(
        rule=rule.id,
        name=rule.name,
        say=say,
        why=", ".join(reasons),
        draft="" if rule.template is None else draft(playbook, rule.template, facts.incident),
        acknowledge=rule.acknowledge,
        answer=rule.answer,
        update=rule.update,
    )


def told(note: Known) -> str:
    """Return a note in words, with its link."""
    link = f" ({note.url})" if note.url else ""
    return f"{note.name}: {note.text}{link}"


def notes_for(playbook: Playbook, incident: Incident) -> tuple[Known, ...]:
    """Return the user's notes on what an incident is about: by a theme of it, or by words."""
    texts = tuple(spaced(post.text) for post in incident.exhibits)
    return tuple(
        note
        for note in playbook.notes
        if _shared(note.themes, incident.themes) or _first(note.words, texts)
    )


def returns(incident: Incident) -> bool:
    """Whether the author who began it comes back angry (rule R12)."""
    history, first = incident.history, origin(incident)
    if history is None or first is None or not is_angry(first.anger):
        return False
    return history.angry_posts > 0 or bool(history.encounters)


def past(history: History) -> str:
    """Return an author's past in a phrase."""
    met = len(history.encounters)
    stood = f", stood in {met} earlier incident{'s' if met > 1 else ''}" if met else ""
    return f"{history.angry_posts} of {history.posts} earlier posts were angry{stood}"


def recurs(recurrence: Recurrence) -> str:
    """Return how often a theme came back, in a phrase."""
    incidents = recurrence.incidents
    counted = f"{incidents} incident{'s' if incidents > 1 else ''} and " if incidents else ""
    return f"{recurrence.theme} in {counted}{recurrence.share:.0%} of the angry posts of 30 days"


def draft(playbook: Playbook, template: Template, incident: Incident) -> str:
    """Return a text to begin with, in the language of the post that began it, else in English."""
    texts = playbook.templates.get(template, {})
    first = origin(incident)
    language = (first.language if first else None) or "en"
    return texts.get(language.partition("-")[0], texts.get("en", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Defence:
    """A word of a draft that defends instead of helping, and what to do instead."""

    word: str
    instead: str


def tone(playbook: Playbook, text: str, language: str | None) -> tuple[Defence, ...]:
    """Return the words of a draft that defend, in the order of the playbook (rule R16).

    A language that the playbook does not know, or none, is looked at in all that it knows.
    """
    known = playbook.defensive
    table = known.get(language or "")
    tables = list(known.values()) if table is None else [table]
    read = spaced(text)
    return tuple(
        Defence(word=word, instead=instead)
        for table in tables
        for word, instead in table.items()
        if spaced(word) in read
    )


def _shared(wanted: tuple[str, ...], seen: tuple[str, ...]) -> list[str]:
    return [each for each in seen if each in wanted]


def _first(words: tuple[str, ...], texts: tuple[str, ...]) -> list[str]:
    """Return the first of these words that stands in one of the texts, in a list."""
    return next(([word] for word in words if any(spaced(word) in text for text in texts)), [])
