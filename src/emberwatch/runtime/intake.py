"""What a batch holds for the rules: new posts told from repeats, matched and scored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from emberwatch.core.read.arrival import arrive
from emberwatch.core.read.matching import Match, Matcher
from emberwatch.core.read.renaming import named_as_before, renamed
from emberwatch.core.read.text import fingerprint
from emberwatch.core.read.themes import Themes
from emberwatch.model.brand import Brand
from emberwatch.model.errors import PostInvalid
from emberwatch.model.event import Deleted
from emberwatch.model.mention import FAILED, Mention, Score
from emberwatch.model.post import GONE, NO_COUNTERS, Counters, Flag, Post, PostKind, Remover
from emberwatch.ports import Gone, Known, Reading, Scorer, Text
from emberwatch.runtime.arrivals import Arrivals

MOST_NAMES = 10_000
"""Posts whose older name is remembered, in case somebody answers them."""


@dataclass(slots=True)
class Item:
    """One post of a batch and what is to be done with it."""

    post: Post
    is_new: bool
    is_recounted: bool
    is_edited: bool
    is_nothing: bool = False
    matches: tuple[Match, ...] = ()
    mentions: tuple[Mention, ...] = ()
    newly: frozenset[str] = frozenset()
    """The brands for which this is a mention that was not there before."""

    @property
    def is_lost(self) -> bool:
        """Whether the site named the parent alone, and not the thread that it stands in."""
        return self.post.parent_id is not None and self.post.thread_id == self.post.parent_id

    def repeats(self, kept: Post) -> None:
        """Make it what it is beside the same post that this batch keeps: an edit, or nothing."""
        self.is_new = self.is_recounted = False
        self.is_nothing = self.post.seen_at <= kept.seen_at or (
            self.post.text == kept.text and self.post.counters in (kept.counters, NO_COUNTERS)
        )
        self.post = replace(self.post, thread_id=kept.thread_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was read of one step: posts in their order, and what is known beside them.

    `dropped` says which posts could not be read, `failures` how the scorer failed. `thread_of`
    names the thread of posts by their keys, where answers may name their parent alone.
    """

    items: Sequence[Item]
    deleted: tuple[Deleted, ...]
    dropped: Sequence[str]
    failures: Sequence[str]
    thread_of: dict[str, str]

    def place(self, item: Item) -> None:
        """Put a reply into its parent's thread, where the site named the parent alone."""
        root = self.thread_of.get(item.post.parent_id or "")
        if item.is_lost and root is not None:
            item.post = post = replace(item.post, thread_id=root)
            item.mentions = tuple(replace(mention, post=post) for mention in item.mentions)

    def keep(self, post: Post) -> None:
        """Remember where a post stands: an answer to it may follow in this batch."""
        if post.kind is not PostKind.BOOST:
            self.thread_of[post.key] = post.thread_id


class Intake:
    """Reads what arrived: what is new of it, of which brand it speaks, and how it sounds."""

    def __init__(self, brands: Mapping[str, Brand], scorer: Scorer) -> None:
        self._brands = brands
        self._scorer = scorer
        self._matcher = Matcher(tuple(brands.values()))
        self._themes = Themes(brands.values())
        self._names: dict[str, str] = {}

    def read(self, arrivals: Arrivals, look: Reading, clock: datetime | None) -> Batch:
        """Tell new posts from repeats and edits; match and score those that are worth it.

        `clock` is where time stands before the first of them.
        """
        posts, dropped = _let_in(arrivals, clock)
        deleted = _taken_away(arrivals, posts, look)
        if arrivals.is_first:
            posts.sort(key=_created_at)
        known = look.known(
            [post.id for post in posts], [post.uri for post in posts if post.uri is not None]
        )
        posts = self._named_as_before(posts, known, look)
        items: list[Item] = []
        wanted = arrivals.brands or None
        gone = {each.key for each in arrivals.gone}
        for post in posts:
            if post.key in gone and post.id not in known:
                continue  # it was deleted before we ever saw it
            item = _told_apart(post, known)
            if item is None:
                continue
            if post.kind is not PostKind.BOOST and (item.is_new or item.is_edited):
                item.matches = self._matcher.match(item.post.text, wanted)
            if item.matches or not item.is_new:
                _remember(item.post, known)
            items.append(item)
        lost = {item.post.parent_id for item in items if item.is_lost and item.post.parent_id}
        return Batch(
            items=items,
            deleted=deleted,
            dropped=dropped,
            failures=self._judge(items, arrivals, look),
            thread_of=look.threads(sorted(lost)) if lost else {},
        )

    def _named_as_before(
        self, posts: list[Post], known: dict[str, Known], look: Reading
    ) -> list[Post]:
        """Give posts that a server renamed the id under which they are held."""
        held = {post.uri: known[post.uri].id for post in posts if post.uri in known}
        self._names |= renamed(posts, {uri: id for uri, id in held.items() if uri is not None})
        for key in list(self._names)[:-MOST_NAMES]:
            del self._names[key]
        if not self._names:
            return posts
        named = [named_as_before(post, self._names) for post in posts]
        known |= look.known([post.id for post in named if post.id not in known], ())
        return named

    def _judge(self, items: list[Item], arrivals: Arrivals, look: Reading) -> list[str]:
        """Score what speaks of a brand, and tell of which brands it did not speak before.

        Return how the scorer failed.
        """
        matched: list[Item] = []
        spoken_of: dict[str, frozenset[str]] = {}
        for item in items:
            if item.post.kind is PostKind.BOOST or not (item.is_new or item.is_edited):
                continue
            if item.matches:
                matched.append(item)
            # a post may be edited within the very batch that brings it
            id, brands = item.post.id, frozenset(match.brand for match in item.matches)
            before = spoken_of.get(id)
            if before is None:
                before = frozenset(
                    brand for brand in brands if not item.is_new and look.mentions([id], brand)
                )
            item.newly = brands - before
            spoken_of[id] = brands
        texts = [
            Text(
                text=item.post.text,
                language=item.post.language,
                expected=tuple(
                    language
                    for match in item.matches
                    for language in self._brands[match.brand].languages
                ),
            )
            for item in matched
        ]
        failures: list[str] = []
        for item, score in zip(matched, self._scores(texts, failures), strict=True):
            print_ = fingerprint(item.post.text)
            themes = self._themes.match(item.post.text)
            item.mentions = tuple(
                Mention(
                    brand=match.brand,
                    post=item.post,
                    score=score,
                    matched=match.matched,
                    feed=arrivals.feed,
                    fingerprint=print_,
                    themes=themes.get(match.brand, ()),
                    unseen_at=arrivals.read_before if item.is_new else None,
                )
                for match in item.matches
            )
        return failures

    def _scores(self, texts: Sequence[Text], failures: list[str]) -> list[Score]:
        """Score a batch; where the scorer fails, the posts are kept and counted as not judged."""
        if not texts:
            return []
        try:
            return self._scorer.score(texts)
        except Exception:
            # one text may have failed them all
            return [self._score(text, failures) for text in texts]

    def _score(self, text: Text, failures: list[str]) -> Score:
        try:
            return self._scorer.score([text])[0]
        except Exception as error:
            why = str(error).strip() or type(error).__name__
            failures.append(why.splitlines()[0][:200])
            return Score(scorer=f"{self._scorer.kind}{FAILED}")


def _let_in(arrivals: Arrivals, clock: datetime | None) -> tuple[list[Post], list[str]]:
    """Return the posts that may enter, and a line for each that may not."""
    posts, dropped = [], []
    for post in arrivals.posts:
        at = min(post.seen_at, arrivals.at)
        clock = at if clock is None else max(clock, at)
        try:
            arrived = arrive(post, clock)
        except PostInvalid as error:
            dropped.append(str(error))
            continue
        if arrivals.is_first:
            arrived = replace(arrived, flags=arrived.flags | {Flag.READ_BACK})
        posts.append(arrived)
    return posts, dropped


def _told_apart(post: Post, known: dict[str, Known]) -> Item | None:
    """Tell a new post from an edit, a recount and a repeat (None).

    A federated copy shares its `uri` with a post that we hold under another id: it counts once.
    """
    before = known.get(post.id)
    if before is None:
        copy = known.get(post.uri) if post.uri is not None else None
        if copy is not None and copy.id != post.id and _is_boost(copy.id) == _is_boost(post.id):
            return None
        item = Item(
            post=post,
            is_new=True,
            is_recounted=post.is_root and _has_reactions(post.counters),
            is_edited=False,
        )
    else:
        if post.seen_at <= before.seen_at:
            return None
        if post.counters == NO_COUNTERS:
            post = replace(post, counters=before.counters)
        if post.flags & GONE:  # what stands in the place of a deleted post is no edit of it
            post = replace(post, text=before.text)
        is_edited = post.text != before.text
        is_changed = post.counters != before.counters
        if not is_edited and not is_changed:
            return None
        item = Item(
            post=post,
            is_new=False,
            is_recounted=is_changed and post.is_root and _has_reactions(post.counters),
            is_edited=is_edited,
        )
    return item


def _taken_away(arrivals: Arrivals, posts: Iterable[Post], look: Reading) -> tuple[Deleted, ...]:
    """Return what was taken away of the posts that we hold, each once."""
    told = {each.key: each for each in arrivals.gone}
    for post in posts:
        if post.flags & GONE:
            is_own = Flag.TAKEN_BACK in post.flags
            told[post.key] = Gone(key=post.key, by=Remover.AUTHOR if is_own else Remover.SITE)
    if not told:
        return ()
    return tuple(
        Deleted(at=arrivals.at, post_id=id, by=told[key].by, deleted_at=told[key].at)
        for id, key in look.standing(sorted(told)).items()
    )


def _remember(post: Post, known: dict[str, Known]) -> None:
    """Take a post of this batch for known from now on."""
    held = Known(
        id=post.id, seen_at=post.seen_at, text=post.text, counters=post.counters, is_mention=True
    )
    known[post.id] = held
    if post.uri is not None:
        known.setdefault(post.uri, held)


def _is_boost(id: str) -> bool:
    """Tell a boost by its id: some servers give it all that its original bears."""
    return f":{PostKind.BOOST}:" in id


def _created_at(post: Post) -> datetime:
    return post.created_at


def _has_reactions(counters: Counters) -> bool:
    return any(n is not None for n in (counters.replies, counters.boosts, counters.quotes))
