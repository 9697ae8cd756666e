"""Joins adapters to ports; the only place that knows which adapters exist."""

import os
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from emberwatch import __version__
from emberwatch.config.playbook import read_playbook
from emberwatch.config.reader import read_config
from emberwatch.config.schema import Config, PlugIns, ScorerSettings
from emberwatch.core.detect import watch
from emberwatch.core.pipeline import Policy
from emberwatch.core.read.matching import Matcher
from emberwatch.core.read.themes import Themes
from emberwatch.core.respond.pacing import Channel
from emberwatch.core.respond.playbook import Playbook
from emberwatch.core.respond.routing import Directory
from emberwatch.http import Network
from emberwatch.model.errors import ConfigError, ScoringFailed
from emberwatch.model.secret import Secret
from emberwatch.ports import Follows, Notifier, Outbound, Scorer, Source, Store
from emberwatch.runtime import plugins
from emberwatch.runtime.collector import Feed
from emberwatch.runtime.daemon import Assembly
from emberwatch.runtime.history import PastFeed, Reread, states_at
from emberwatch.runtime.processor import Processor
from emberwatch.store.codec import decode_state, encode_state

USER_AGENT = f"emberwatch/{__version__} (reads public posts for a brand; Python, httpx)"

BY_DEFAULT = ScorerSettings()


def now() -> datetime:
    """Return the wall clock's time; the one place that asks for it."""
    return datetime.now(UTC)


def chance() -> float:
    """Return a number from 0 up to 1; the one place that draws lots."""
    return random.random()


def configuration(path: Path, *, with_secrets: bool = True) -> Config:
    """Read and check a configuration with the plug-ins that are installed.

    Without secrets nothing can be sent: a person who acknowledges needs none of the daemon's.
    """
    return read_config(path, installed(), os.environ if with_secrets else None)


def installed() -> PlugIns:
    """Return the kinds of source, notifier and scorer that a configuration may name."""
    return plugins.installed()


def policy(config: Config, *, is_told: bool = True, is_replay: bool = False) -> Policy:
    """Return what the operator wants.

    With `is_told` false nobody is notified; in a replay our own feeds are not watched.
    """
    brands = {brand.name: brand for brand in config.brands}
    return Policy(
        brands=brands,
        detectors=tuple(
            detector(brands)
            for name, detector in plugins.detectors().items()
            if not is_replay or name != watch.NAME
        ),
        routes=config.routes,
        notifiers=tuple(notifier.name for notifier in config.notifiers) if is_told else (),
        teams={team.name: team for team in config.teams},
        playbook=playbook(config),
        is_replay=is_replay,
    )


def directory(config: Config) -> Directory:
    """Return everybody who can be told, and the rules by which they are."""
    return Directory(
        routes=config.routes,
        notifiers=tuple(notifier.name for notifier in config.notifiers),
        teams={team.name: team for team in config.teams},
        brands={brand.name: brand for brand in config.brands},
    )


def playbook(config: Config) -> Playbook:
    """Return what to advise the people who answer; `ConfigError` names each mistake in it."""
    settings = config.playbook
    return read_playbook(settings.file, settings.stance, settings.notes)


def scorer(settings: ScorerSettings = BY_DEFAULT) -> Scorer:
    """Return what judges the posts. Raises `ConfigError` when it cannot be had."""
    kind = plugins.scorers()[settings.kind]
    try:
        made: Scorer = kind() if settings.options is None else kind(settings.options)
    except ScoringFailed as failed:
        raise ConfigError((f"scorer: {settings.kind} cannot judge: {failed}",)) from failed
    return made


def source(config: Config, feed: str) -> Source:
    """Return the source that reads a configured feed."""
    settings = next(settings for settings in config.feeds if settings.name == feed)
    made: Source = plugins.sources()[settings.source](settings.options)
    return made


def notifiers(config: Config, outbound: Outbound) -> dict[str, Notifier]:
    """Return the configured notifiers, by name."""
    kinds = plugins.notifiers()
    return {
        settings.name: kinds[settings.kind](settings.options, outbound)
        for settings in config.notifiers
    }


def channels(config: Config) -> dict[str, Channel]:
    """Return what may be asked of each configured notifier, by name.

    A plug-in that says nothing of limits or digests is sent everything, message by message.
    """
    kinds = plugins.notifiers()
    return {
        settings.name: Channel(
            per_minute=getattr(kinds[settings.kind], "per_minute", None)
            if settings.per_minute is None
            else settings.per_minute.most,
            takes_digests=getattr(kinds[settings.kind], "takes_digests", False),
            fallback=settings.fallback,
        )
        for settings in config.notifiers
    }


def network(config: Config) -> Network:
    """Return the guarded way to the network, not yet entered."""
    return Network(
        allow=config.networks, user_agent=USER_AGENT, clock=now, chance=chance, ca=config.ca
    )


def processor(
    store: Store,
    policy: Policy,
    *,
    is_live: bool,
    judge: Scorer | None = None,
    feeds_of: Mapping[str, tuple[str, ...]] | None = None,
    feeds: Collection[str] | None = None,
    past: Mapping[str, PastFeed] | None = None,
) -> Processor:
    """Return the processor over a store; it reads there where the last one left off.

    Without a `judge` the posts are judged by the scorer that an empty configuration means. `past`
    is what must be known of the feeds to live through their posts again, when a newer version of
    the rules has to.
    """
    return Processor(
        policy=policy,
        store=store,
        scorer=judge or scorer(),
        encode=encode_state,
        decode=decode_state,
        is_live=is_live,
        feeds_of=feeds_of,
        feeds=feeds,
        recall=lambda look, on_posts: states_at(
            look, _of_posts(policy), past or {}, look.clock(), on_posts
        ),
    )


def _of_posts(policy: Policy) -> Policy:
    """Return what of a policy can live through stored posts: they do not tell how feeds did."""
    detectors = tuple(each for each in policy.detectors if each.name != watch.NAME)
    return replace(policy, detectors=detectors, notifiers=())


def past_feeds(config: Config) -> dict[str, PastFeed]:
    """Return what must be known of each feed to live through its posts again."""
    return {
        settings.name: PastFeed(
            every=settings.every,
            brands=settings.brands,
            recounts=isinstance(source(config, settings.name), Follows),
        )
        for settings in config.feeds
    }


def reread(config: Config) -> Reread:
    """Return how a configuration finds its brands in stored posts."""
    return Reread(
        matcher=Matcher(config.brands),
        themes=Themes(config.brands),
        scorer=cache(scorer),
        languages={brand.name: brand.languages for brand in config.brands},
    )


def assembly(config: Config, store: Store, network: Network) -> Assembly:
    """Build everything that a configuration asks for; raise `ConfigError` where one cannot be."""
    feeds = tuple(
        Feed(
            name=settings.name,
            source=source(config, settings.name),
            every=settings.every,
            brands=settings.brands,
            backfill=settings.backfill,
            secrets=tuple(_secrets_of(settings.options)),
        )
        for settings in config.feeds
    )
    wanted = policy(config)
    feeds_of = {
        brand.name: tuple(feed.name for feed in config.feeds_of(brand.name))
        for brand in config.brands
    }
    outbound = network.outbound()
    judge = scorer(config.scorer)
    make: Callable[[], Processor] = partial(
        processor,
        store,
        wanted,
        is_live=True,
        judge=judge,
        feeds_of=feeds_of,
        feeds=frozenset(feed.name for feed in feeds),
        past=past_feeds(config),
    )
    return Assembly(
        policy=wanted,
        feeds=feeds,
        notifiers=notifiers(config, outbound),
        channels=channels(config),
        web=network.web,
        outbound=outbound,
        compared=network.compared,
        processor=make,
        scorer=judge.kind,
        retention=config.retention,
        heartbeat=config.heartbeat,
        secrets=tuple(secrets(config)),
    )


def secrets(config: Config) -> list[Secret]:
    """Return every secret of a configuration, for the log to hide."""
    found: list[Secret] = []
    holders: list[Any] = [
        *(settings.options for settings in config.feeds),
        *(settings.options for settings in config.notifiers),
    ]
    for holder in holders:
        found += _secrets_of(holder)
    if config.heartbeat is not None:
        found.append(config.heartbeat.url)
    return found


def _secrets_of(options: Any) -> list[Secret]:
    values = (getattr(options, name) for name in getattr(options, "__dataclass_fields__", {}))
    return [value for value in values if isinstance(value, Secret)]
