"""Reads a playbook: the one that we ship, and what a user's file adds to it or replaces."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from emberwatch.config.document import validated
from emberwatch.config.reader import parse, read_text
from emberwatch.config.tree import Findings, place, shown, shown_path
from emberwatch.config.values import Duration, Form, Language, Name, Spoken, Surroundings, Written
from emberwatch.core.respond.playbook import Condition, Known, Playbook, Rule, Stance, Template
from emberwatch.model.alert import AlertKind
from emberwatch.model.errors import ConfigError
from emberwatch.model.incident import Status
from emberwatch.model.sign import SignKind


class ConditionForm(Form):
    """What must be so for a rule to fire: everything named here; of a list, any."""

    kinds: tuple[AlertKind, ...] = ()
    """What rang."""
    status: tuple[Status, ...] = ()
    """How far people have come."""
    signs: tuple[SignKind, ...] = ()
    """What the posts bear."""
    words: tuple[Spoken, ...] = ()
    """Words or phrases in the posts, in any language."""
    languages: tuple[Language, ...] = ()
    """The language of a post."""
    themes: tuple[Name, ...] = ()
    """Themes of the brand, by name."""
    reach: int = Field(default=0, ge=0)
    """Followers of those who speak, together, at least so many."""
    hand_offs: int = Field(default=0, ge=0)
    """Passed on at least so often."""
    waiting: int = Field(default=0, ge=0)
    """At least so many authors wait for an answer."""
    affected: int = Field(default=0, ge=0)
    """At least so many others speak of the same and are not angry yet."""
    mistake: bool = False
    """People said that it was our mistake."""
    follows: bool = False
    """It follows an earlier incident."""
    returns: bool = False
    """Its author was angry before, or stood in an earlier incident."""
    recurs: bool = False
    """One of its themes keeps coming back."""
    known: bool = False
    """One of the notes speaks of it."""


class ClockForm(Form):
    """Within what time to act."""

    acknowledge: Duration | None = None
    """Until somebody takes it on."""
    answer: Duration | None = None
    """Until the first answer."""
    update: Duration | None = None
    """Until the next word to the customer."""


def _for_each_stance(value: object) -> object:
    return dict.fromkeys(Stance, value) if isinstance(value, str) else value


class RuleForm(Form):
    """One piece of advice."""

    id: Name
    """What it is known by; a rule of the same id replaces ours."""
    name: Name = ""
    """What it is called."""
    enabled: bool = True
    """No takes the rule away."""
    first: bool = False
    """Whether it stands before all rules that are not first."""
    when: ConditionForm = Field(default_factory=ConditionForm)
    """What must be so for it to fire."""
    clock: ClockForm = Field(default_factory=ClockForm)
    """Within what time to act."""
    say: Annotated[dict[Stance, Written], BeforeValidator(_for_each_stance)] = Field(
        default_factory=dict
    )
    """What it says: one text, or one for each stance."""
    template: Template | None = None
    """A text to begin an answer with."""

    def rule(self) -> Rule:
        return Rule(
            id=self.id,
            name=self.name or self.id,
            when=Condition(
                **{name: getattr(self.when, name) for name in ConditionForm.model_fields}
            ),
            say=self.say,
            template=self.template,
            acknowledge=self.clock.acknowledge,
            answer=self.clock.answer,
            update=self.clock.update,
            is_first=self.first,
        )


class PlaybookForm(Form):
    """A playbook as it is written."""

    rules: tuple[RuleForm, ...] = ()
    """The rules, in the order in which they are shown."""
    templates: dict[Template, dict[Language, Written]] = Field(default_factory=dict)
    """Texts to begin an answer with, by language."""
    defensive: dict[Language, dict[Spoken, Written]] = Field(default_factory=dict)
    """Words that defend instead of helping, by language, each with what to do instead."""


def read_playbook(file: Path | None, stance: Stance, notes: tuple[Known, ...]) -> Playbook:
    """Return the shipped playbook with a user's file over it.

    Raises `ConfigError` with one line for each mistake in the file, each at its place.
    """
    ours = _read(Path(str(files("emberwatch.config") / "playbook.yaml")))
    theirs = PlaybookForm() if file is None else _read(file)
    rules = {rule.id: rule for rule in ours.rules}
    rules |= {rule.id: rule for rule in theirs.rules}
    return Playbook(
        stance=stance,
        rules=tuple(rule.rule() for rule in rules.values() if rule.enabled),
        templates={
            kind: {**ours.templates.get(kind, {}), **theirs.templates.get(kind, {})}
            for kind in Template
        },
        defensive={**ours.defensive, **theirs.defensive},
        notes=notes,
    )


def _read(path: Path) -> PlaybookForm:
    file = shown_path(path)[1:-1]
    if not path.exists():
        raise ConfigError((f"{file}: no such file; 'playbook' names it: put it there",))
    findings = Findings()
    root = parse(read_text(path, file), file, findings)
    surroundings = Surroundings(folder=path.parent, environment=None)
    form = validated(root, PlaybookForm, surroundings, findings)
    known: set[str] = set()
    for position, rule in enumerate(form.rules if form else ()):
        if rule.id in known:
            way = ("rules", position, "id")
            what = f"there is a rule {shown(rule.id)} already: give each an id of its own"
            findings.add(way, place(root, way), what)
        known.add(rule.id)
        missing = [stance for stance in Stance if stance not in rule.say]
        if rule.enabled and missing:
            way = ("rules", position, "say")
            what = f"rule {rule.id} says nothing for the stance {', '.join(missing)}"
            findings.add(way, place(root, way), f"{what}: give 'say' one text, or all three")
    if form is None or findings.problems:
        raise ConfigError(findings.lines(file))
    return form
