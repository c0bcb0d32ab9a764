"""What usage is recorded with: a journal where there is a place for it and a way to the ledger, else nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from routeiq.clients.control import ControlClient
from routeiq.clients.usage_stream import USAGE_STREAM
from routeiq.gateway.journal.keeper import Keeper, measure, open_journal
from routeiq.gateway.journal.ledger_round import LedgerRound
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.pipeline.prices import Prices
from routeiq.gateway.pipeline.recording import JournalRecorder, Pricing, usage_of
from routeiq.gateway.settings import Settings
from routeiq.kit.bus import Bus
from routeiq.kit.bus_sender import StreamSender

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UsageJournal:
    """Of one gateway."""

    recorder: JournalRecorder
    keeper: Keeper
    ledger: LedgerRound
    """For who else wants to know what was spent."""


def open_usage(
    settings: Settings, control: ControlClient, bus: Bus, registry: CollectorRegistry, pricing: Pricing | None = None
) -> UsageJournal | None:
    """None: it is not recorded, which is said. Raises: ConfigurationError: there is no room."""
    folder = journal_folder(settings)
    lacking = _lacking(settings, folder)
    if folder is None or lacking:
        log.warning("usage.not_recorded", lacking=lacking)
        return None
    prices = pricing or Prices()
    most = settings.journal_max_mib
    journal = open_journal(folder, None if most is None else most * 1024 * 1024)
    recorder = JournalRecorder(journal, prices)
    sender, ledger = StreamSender(bus, USAGE_STREAM), LedgerRound(control.read_ledger)

    def price(terms: bytes, counts: Counts) -> int | None:
        return prices.cost_by(terms, usage_of(counts))

    keeper = Keeper(journal, sender.publish, ledger, price)
    measure(keeper, registry)
    return UsageJournal(recorder, keeper, ledger)


def journal_folder(settings: Settings) -> Path | None:
    """Where journals are; None: nowhere."""
    if settings.journal_dir is not None:
        return settings.journal_dir
    return settings.state_dir / "journal" if settings.state_dir is not None else None


def _lacking(settings: Settings, folder: Path | None) -> list[str]:
    """The settings without which nothing is recorded."""
    needed = {
        "ROUTEIQ_GATEWAY_JOURNAL_DIR": folder is not None,
        "ROUTEIQ_NATS_URL": bool(settings.nats_url.get_secret_value()),
        "ROUTEIQ_GATEWAY_CONTROL_ADDRESS": bool(settings.control_address),
    }
    return [name for name, given in needed.items() if not given]
