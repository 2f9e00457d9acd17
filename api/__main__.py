"""``papertape``: the command line, and what each word of it starts."""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from importlib import import_module

from adapters.settings import SettingsError, load
from domain.identity import SYSTEM_ROLES

PARTS = {
    "serve": "answer HTTP: the doors, and dispatch behind them",
    "feed": "play the market and publish its quotes",
    "react": "run the paper venue: fill orders from quotes",
    "project": "keep the read models true",
    "relay": "publish every fact to NATS JetStream",
    "mail": "write the letters that follow from facts, and send them",
}
BROKERS = ("zerodha", "upstox", "groww", "kraken")
#: Everybody is a user; the other roles are given.
GRANTED = tuple(role.name for role in SYSTEM_ROLES if role.permissions)


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 done, 1 found something wrong or could not run, 2 called wrongly."""
    asked = _parser().parse_args(argv)
    # What is in memory (keys, passwords on their way) never lands on a disk, nor does what is in
    # that of the servers that we start.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, function = asked.run.partition(":")
    try:
        # Each word loads only what it needs: the parent of ``up`` stays small.
        return int(getattr(import_module(module), function)(load(), asked))
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"papertape: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "papertape",
        description="A trading service whose every number can be explained.",
        epilog="Settings come from the environment and .env; .env.example explains each.",
        formatter_class=_menu,
    )
    words = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def word(name: str, run: str, says: str) -> argparse.ArgumentParser:
        sub = words.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        sub.set_defaults(run=run)
        return sub

    word("up", "api.up:run", "run everything on this machine: Postgres, NATS, API and workers")
    for part, says in PARTS.items():
        word(part, "api.parts:run", says).set_defaults(parts=[part], fd=None)
    several = word("run", "api.parts:run", "run several parts in one process")
    several.add_argument("parts", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    several.add_argument("--fd", type=int, help="an inherited listening socket for serve")

    word("migrate", "api.up:update", "make or update the database behind DATABASE_URL")
    word("verify", "api.audit:verify", "walk the hash chain and name the first broken position")
    replay = word("replay", "api.audit:replay", "show an account as of a past moment")
    replay.add_argument("account", metavar="ACCOUNT", help="account id")
    replay.add_argument(
        "--at", metavar="POSITION|TIME", help="a position or an RFC 3339 time (default: now)"
    )
    replay.add_argument("--json", action="store_true", help="print JSON")
    rebuild = word("rebuild", "api.audit:rebuild", "build a read model anew and swap it in")
    rebuild.add_argument("name", metavar="NAME|all", help="a read model, or all of them")
    word("check", "api.audit:check", "check invariants, and read models against a replay")
    admin = word("admin", "api.first_admin:grant", "give a user power over others")
    admin.add_argument("what", choices=["grant"], help="what to do")
    admin.add_argument("email", metavar="EMAIL", help="the address that the user signed up with")
    admin.add_argument("--role", choices=GRANTED, default="admin", help="default: admin")
    _lists(word)
    word("catalogue", "api.catalogue:run", "print every command and every fact")
    keys = word("keys", "api.keys:run", "show, rotate or revoke the keys that sign access tokens")
    keys.add_argument("act", nargs="?", choices=("show", "rotate", "revoke"), default="show")
    keys.add_argument("kid", nargs="?", metavar="KID", help="the key to distrust at once")
    vault = word("vault", "api.vault:run", "seal all kept secrets under a new master key")
    vault.add_argument("what", choices=["rotate"], help="may be stopped at any time, and goes on")
    candles = word("candles", "api.candle_files:run", "take in candles from an exchange's record")
    candles.add_argument("what", choices=("backfill", "actions"), help="candles, or what adjusts")
    candles.add_argument("path", metavar="PATH", help="a recording, a folder of them, or a CSV")
    candles.add_argument("--exchange", default="XNYS", help="whose calendar (default: XNYS)")
    _of_developers(word)
    return parser


def _of_developers(word: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    demo = word("demo", "api.demo:run", "a guided tour on the running service")
    demo.add_argument("--url", help="where the service answers (default: from the settings)")
    demo.add_argument("--orders", type=int, default=60, help="how many orders to trade")
    bench = word("bench", "api.bench:run", "measure the budgets and print them as ratios")
    bench.add_argument("--only", default="", help="comma list of ids, such as P1,P2")


def _lists(word: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    instruments = word(
        "instruments", "api.instruments:take_over", "take over a broker's list of instruments"
    )
    instruments.add_argument("act", choices=["import"], help="what to do")
    instruments.add_argument(
        "file", metavar="FILE", help="as the broker publishes it, packed or not"
    )
    instruments.add_argument("--broker", choices=BROKERS, required=True, help=", ".join(BROKERS))
    instruments.add_argument(
        "--accept-losses", action="store_true", help="even if a fifth of the list vanished"
    )


def _menu(prog: str) -> argparse.HelpFormatter:
    """Indented less than usual, so that the longest word stands beside what it does."""
    return argparse.HelpFormatter(prog, indent_increment=1)


if __name__ == "__main__":
    sys.exit(main())
