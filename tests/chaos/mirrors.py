"""The tape itself, and what is copied from it: read models, JetStream, logs."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.postgres import connect
from adapters.projector import check_against_replay
from adapters.tape import verify
from tests.chaos.evidence import Evidence


def read_models_equal_a_replay(evidence: Evidence) -> Iterator[str]:
    """O4: every row as a fresh fold of the whole tape makes it."""
    head = evidence.tape[-1].position
    for finding in check_against_replay(evidence.database.dsn):
        if not finding.agrees or finding.position != head:
            at = f"{finding.state} at {finding.position} of {head}"
            yield f"{finding.model} ({at}): {finding.difference}"


def the_chain_verifies(evidence: Evidence) -> Iterator[str]:
    """O6: every fact in its place with the right hash, up to the head."""
    with connect(evidence.database.dsn) as db:
        verdict = verify(db)
    if not verdict.sound:
        yield f"position {verdict.bad}: {verdict.reason}"


def jetstream_equals_the_tape(evidence: Evidence) -> Iterator[str]:
    """O7: message n is fact n, byte for byte, and there are no others."""
    sequences = [sequence for sequence, _ in evidence.messages]
    if sequences != list(evidence.at):
        odd = sorted(evidence.at.keys() ^ set(sequences))
        yield f"{len(sequences)} messages, {len(evidence.at)} facts; first odd: {odd[:5]}"
    for sequence, body in evidence.messages:
        line = evidence.at.get(sequence)
        said = (body.position, body.hash, bytes(body.data).decode())
        if line is not None and said != (str(line.position), line.hash, line.text):
            yield f"message {sequence} is not the fact at that position"


def no_secret_is_told(evidence: Evidence) -> Iterator[str]:
    """O9: no password, token, address or key in a log, on the tape, or in what went wrong."""
    problems = (a.problem for op in evidence.history.ops for a in op.attempts if a.problem)
    places = {
        "the tape": "\n".join(f"{line.actor} {line.text}" for line in evidence.tape).encode(),
        "an answer": "\n".join(problems).encode(),
    }
    places |= {paper.name: paper.read_bytes() for paper in evidence.papers if paper.is_file()}
    for where, text in places.items():
        for what, secret in evidence.secrets.items():
            if secret in text:
                yield f"{what} stands in {where}"
