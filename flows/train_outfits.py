"""From the accepted data to a judged outfit model: teacher, student, candidate, verdict."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow

from atelier.jobs.outfit.end_to_end import better_of, finetune_end_to_end
from atelier.jobs.outfit.exam import register_outfits
from atelier.jobs.outfit.gate import gate_outfits
from atelier.jobs.outfit.material import why_no_outfits
from atelier.jobs.outfit.train import distill_outfits, train_outfits
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import TrainOutcome
from atelier.lifecycle.gate import GateVerdict
from atelier.settings import Settings
from flows.steps import step


@dataclass(frozen=True)
class TrainedOutfits:
    """What the training of the outfit family came to."""

    skipped: str | None
    """Why nothing was trained: the data has no sets. The rest is None then."""
    teacher: TrainOutcome | None = None
    student: TrainOutcome | None = None
    seeing: TrainOutcome | None = None
    """The student trained on end to end, where the preset asks for it."""
    candidate: Registered | None = None
    verdict: GateVerdict | None = None

    @property
    def has_trained(self) -> bool:
        """Whether a network was trained, and not all were found finished."""
        made = (self.teacher, self.student, self.seeing)
        return any(outcome is not None and not outcome.reused for outcome in made)


@flow(name="train-outfits", persist_result=False)
def train_the_outfits(preset: str) -> TrainedOutfits:
    """Trains, distils, examines and judges the outfit family on what the retrieval champion sees."""
    settings = Settings()
    skipped = why_no_outfits(settings)
    if skipped is not None:
        return TrainedOutfits(skipped)
    teacher = train_step(settings, preset)
    student = distill_step(settings, preset, teacher)
    seeing = see_step(settings, preset, student)
    candidate = register_step(settings, preset, better_of(student, seeing), teacher)
    verdict = gate_step(settings, preset, candidate)
    return TrainedOutfits(None, teacher, student, seeing, candidate, verdict)


train_step = step("train the outfit teacher", minutes=8 * 60, retries=1)(train_outfits)
distill_step = step("distil the outfit student", minutes=8 * 60, retries=1)(distill_outfits)
see_step = step("train the outfit student end to end", minutes=8 * 60, retries=1)(finetune_end_to_end)
register_step = step("register the outfit model", minutes=60)(register_outfits)
gate_step = step("gate the outfit model", minutes=60)(gate_outfits)
