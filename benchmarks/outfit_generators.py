"""All generators on the same data, passes and seed: how good, how long to train, how fast to ask.

    ATELIER_HOME=... python benchmarks/outfit_generators.py [--epochs 20] [--more-epochs 5] [--json]

The workspace holds data with sets and a retrieval champion (`atelier retrain` makes both). Rows: the LSTM,
the DAN with sum and with max pooling, the set Transformer, and the DAN taught by that Transformer, each with
the width of preset `small`'s student, so that they differ in nothing else. Two more go on from the DAN for
`--more-epochs` at a tenth of the rate: end to end, its image tower trained along, and, beside it, with the
tower frozen, which is what the passes alone do. Columns, on the test part:

- loss: the training loss on held-out sets, teacher left out;
- fill_in_the_blank, compatibility_auc, recall_at_10: means over the sources of sets that ask them;
- training_seconds; sets_per_second: started sets of four pieces that one thread answers in batches of 256.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from atelier.datasets.batches import SetBatch
from atelier.engine.tracker import NullTracker
from atelier.families.outfit.config import NetworkConfig
from atelier.families.outfit.end_to_end import EndToEndModule, EndToEndTask
from atelier.families.outfit.export import export_network
from atelier.families.outfit.image_tower import image_tower
from atelier.families.outfit.inference import OnnxGenerator
from atelier.families.outfit.material import SetMaterial
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.presets import small
from atelier.families.outfit.questions import padded
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.outfit.training import features_of, training_of
from atelier.families.outfit.validation import evaluate_network
from atelier.families.training import Training
from atelier.jobs.outfit.material import load_sets
from atelier.jobs.outfit.pictures import pictures_of
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, champion_embedder
from atelier.lifecycle.context import current_version
from atelier.lifecycle.fit import fit_on_schedule
from atelier.settings import Settings
from atelier.vocabulary import Split

COLUMNS = (
    *("loss", "fill_in_the_blank", "compatibility_auc", "recall_at_10"),
    *("training_seconds", "sets_per_second"),
)
_ASKED, _TIMES = 256, 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--more-epochs", type=int, default=5, help="of the last two rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    settings = Settings()
    version = current_version(settings)
    rows: dict[str, dict[str, float]] = {}

    def tell(name: str, row: dict[str, float]) -> None:
        rows[name] = row
        print(f"{name}: {row}", file=sys.stderr, flush=True)

    with champion_embedder(settings) as embedder:
        material = load_sets(settings, embedder.catalogue, embedder, version, progress=True)
        networks: dict[str, OutfitNetwork] = {}
        for name, config in _kinds().items():
            teacher = networks.get("transformer") if name.endswith("taught") else None
            networks[name], seconds = _trained(material, config, arguments, teacher)
            tell(name, _measured(material, networks[name], seconds))
        for name in ("dan, more passes, frozen", "dan, end to end"):
            network = copy.deepcopy(networks["dan, sum"])
            tell(name, _gone_on(material, network, embedder, arguments, is_frozen=name.endswith("frozen")))
    if arguments.json:
        print(
            json.dumps({f"{name}/{column}": row[column] for name, row in rows.items() for column in COLUMNS})
        )
    else:
        print(f"{'':<26}" + "".join(f"{column:>19}" for column in COLUMNS))
        for name, row in rows.items():
            print(f"{name:<26}" + "".join(f"{row[column]:>19.4g}" for column in COLUMNS))


def _kinds() -> dict[str, NetworkConfig]:
    student = small().student
    return {
        "lstm": replace(student, generator="lstm"),
        "dan, sum": student,
        "dan, max": replace(student, pooling="max"),
        "transformer": replace(student, generator="transformer"),
        "dan, sum, taught": student,
    }


def _trained(
    material: SetMaterial, config: NetworkConfig, arguments: argparse.Namespace, teacher: OutfitNetwork | None
) -> tuple[OutfitNetwork, float]:
    schedule = replace(small().student_schedule, num_epochs=arguments.epochs, seed=arguments.seed)
    training = training_of(material, config, small().loss, schedule, teacher)
    with TemporaryDirectory() as folder:
        report = fit_on_schedule(training, NullTracker(), Path(folder), progress=True)
    network: OutfitNetwork = training.task.module.network
    return network.eval(), report.seconds


def _gone_on(
    material: SetMaterial,
    network: OutfitNetwork,
    embedder: CatalogueEmbedder,
    arguments: argparse.Namespace,
    *,
    is_frozen: bool,
) -> dict[str, float]:
    """A trained network after more passes at a tenth of the rate, with its image tower or without."""
    schedule = replace(
        small().student_schedule,
        num_epochs=arguments.more_epochs,
        batch_size=64,
        learning_rate=2e-4,
        seed=arguments.seed,
    )
    loss = replace(small().loss, num_hard=4)
    tower, pictures = image_tower(embedder.model_dir), pictures_of(material, embedder)
    tower.requires_grad_(not is_frozen)
    outfits = OutfitModule(network, loss)
    sampler = SameCategorySampler(material.same_category())
    frozen = OutfitTask(outfits, features_of(material), sampler, material.validation(Split.VALIDATION))
    task = EndToEndTask(EndToEndModule(tower, outfits), pictures, frozen)
    training = Training(task, material.sets(), schedule, write=lambda _: None)
    with TemporaryDirectory() as folder:
        report = fit_on_schedule(training, NullTracker(), Path(folder), progress=True)
    module = training.task.module.eval()
    assert isinstance(module, EndToEndModule)
    features = module.features(features_of(material), pictures)
    return _measured(material, network.eval(), report.seconds, features)


def _measured(
    material: SetMaterial, network: OutfitNetwork, seconds: float, features: ItemFeatures | None = None
) -> dict[str, float]:
    features = features or features_of(material)
    found = evaluate_network(network, features, material.validation(Split.TEST, most=None))
    means = {
        metric: float(np.mean([value for name, value in found.items() if name.endswith(metric)]))
        for metric in ("fill_in_the_blank", "compatibility_auc", "recall_at_10")
    }
    return {name: round(value, 4) for name, value in means.items()} | {
        "loss": round(_loss(material, network, features), 4),
        "training_seconds": round(seconds, 1),
        "sets_per_second": round(_speed(material, network)),
    }


@torch.inference_mode()
def _loss(material: SetMaterial, network: OutfitNetwork, features: ItemFeatures) -> float:
    """On all held-out sets at once, one question each."""
    rows, source = [], []
    for number, (first, each) in enumerate(material.placed()):
        rows += [[row + first for row in pieces] for pieces in each.rows[Split.TEST]]
        source += [number] * len(each.rows[Split.TEST])
    batch = SetBatch(
        torch.from_numpy(padded(rows)), torch.tensor(source), torch.ones(len(rows), dtype=torch.bool)
    )
    module = OutfitModule(network, small().loss).eval()
    task = OutfitTask(module, features, SameCategorySampler(material.same_category()))
    loss, _ = task.loss(module, task.prepare(batch, torch.Generator().manual_seed(0)))
    return float(loss)


def _speed(material: SetMaterial, network: OutfitNetwork) -> float:
    with TemporaryDirectory() as folder:
        contract = export_network(network, material.facts, material.space, Path(folder))
        generator = OnnxGenerator(Path(folder), contract, threads=1)
    pieces = np.random.default_rng(0).normal(size=(_ASKED, 4, contract.dimension)).astype(np.float32)
    num = np.full(_ASKED, 4)
    generator.queries(pieces, num)
    start = time.perf_counter()
    for _ in range(_TIMES):
        generator.queries(pieces, num)
    return _ASKED * _TIMES / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
