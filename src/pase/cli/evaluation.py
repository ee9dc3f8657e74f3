"""Commands that measure and compare encoders."""

import argparse
import shlex
import sys
from pathlib import Path

from pase.cli.command import AddCommand


def add_commands(command: AddCommand) -> None:
    """Add them to the parser."""
    evaluates = "lips, closures, sync, phones and silence of a checkpoint on held-out clips"
    _add_evaluate(command("evaluate", _evaluate, evaluates))
    rendered = "lips and pictures of a rendered video against the real one"
    _add_evaluate_video(command("evaluate-video", _evaluate_video, rendered))
    _add_syncnet(
        command("syncnet", _syncnet, "LSE-C and LSE-D of face crops by SyncNet, for those who have its weights")
    )
    _add_judge(command("judge", _judge, "train an independent judge of lip sync for evaluate-video"))
    _add_compare(command("compare", _compare, "compare evaluations of several runs and seeds"))
    _add_study(command("study", _study, "train rows of settings with several seeds each, and compare them"))


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="checkpoint folder")
    parser.add_argument("corpus", type=Path, help="prepared corpus; probes are fitted on its training clips")
    parser.add_argument("--unseen", type=Path, help="prepared corpus of people who were not trained on")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for results.json, results.md and report.html"
    )
    parser.add_argument(
        "--baselines",
        nargs="*",
        metavar="NAME",
        help="what is measured beside the model: untrained (the same network), log-stft, log-mel, mfcc, hama, whisper, "
        "wav2vec2=FILE[@LAYER], hubert=FILE[@LAYER], module:ATTRIBUTE (default: the first four)",
    )
    heard = parser.add_mutually_exclusive_group()
    heard.add_argument(
        "--conditions",
        nargs="+",
        default=[],
        metavar="NAME",
        help="also in noise or rooms: snr20 snr15 snr10 snr5 snr0 snr-5 rt0.3 rt0.6",
    )
    heard.add_argument("--sweep", action="store_true", help="all of these conditions")
    parser.add_argument("--run", type=Path, dest="run_folder", help="folder of the training run, for its curves")
    parser.add_argument("--seed", type=int, default=0, help="of probes, noise and bootstrap (default: %(default)s)")
    parser.add_argument("--most-clips", type=int, default=1000, help="of a split (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="where models compute, e.g. cuda (default: %(default)s)")


def _evaluate(options: argparse.Namespace) -> None:
    from datetime import UTC, datetime

    from pase.evaluation.evaluate import evaluate
    from pase.evaluation.options import EvaluationOptions
    from pase.evaluation.report import write_report

    results = evaluate(
        options.checkpoint,
        options.corpus,
        options.unseen,
        options.output,
        EvaluationOptions.from_names(
            options.baselines, options.conditions, options.sweep, options.seed, options.most_clips, options.device
        ),
        command=shlex.join(["pase", *sys.argv[1:]]),
        date=datetime.now(UTC).date().isoformat(),
        say=lambda line: print(line, flush=True),
    )
    report = write_report(options.output, options.checkpoint, options.corpus, results, options.run_folder)
    print(f"\n{options.output / 'results.md'}\n{report}")


def _add_evaluate_video(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rendered", type=Path, help="the rendered video, of the whole face")
    parser.add_argument("reference", type=Path, help="the real one: same speech, same size, same beginning")
    parser.add_argument("--phones", type=Path, help="TextGrid of what is spoken, for closures and silence")
    parser.add_argument("--judge", type=Path, help="file that 'pase judge' wrote, for LSE-C and LSE-D")
    parser.add_argument("--audio", type=Path, help="sound for the judge (default: the rendered video's own)")
    parser.add_argument("--lpips", action="store_true", help="also LPIPS, whose AlexNet torchvision downloads")
    parser.add_argument(
        "--face-model", type=Path, help="MediaPipe's face_landmarker.task (default: PASE_FACE_LANDMARKER)"
    )
    parser.add_argument("--output", type=Path, help="JSON file to write too")


def _evaluate_video(options: argparse.Namespace) -> None:
    from dataclasses import asdict

    from pase.evaluation.judge.store import load_judge
    from pase.evaluation.rendered.evaluate import evaluate_video
    from pase.evaluation.rendered.pictures import open_lpips
    from pase.evaluation.rendered.table import to_text
    from pase.files import write_json
    from pase.video.face_model import find_model

    model = find_model(options.face_model)
    judge = None if options.judge is None else load_judge(options.judge)
    lpips = open_lpips() if options.lpips else None
    scores = evaluate_video(options.rendered, options.reference, model, options.phones, judge, options.audio, lpips)
    print(to_text(scores))
    if options.output is not None:
        write_json(options.output, asdict(scores))


def _add_syncnet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "crops",
        type=Path,
        nargs="+",
        metavar="CROP",
        help="face crops of 224 x 224 that SyncNet's run_pipeline.py made",
    )
    parser.add_argument("--model", type=Path, required=True, help="syncnet_v2.model")


def _syncnet(options: argparse.Namespace) -> None:
    from pase.evaluation.judge.syncnet import judge_face_crops, load_syncnet

    model, identity = load_syncnet(options.model)
    scores = [judge_face_crops(model, crop) for crop in options.crops]
    for crop, score in zip(options.crops, scores, strict=True):
        print(f"{crop}: LSE-C {score.confidence:.3f}, LSE-D {score.distance:.3f}, offset {score.offset}")
    confidence, distance = (
        sum(getattr(score, name) for score in scores) / len(scores) for name in ("confidence", "distance")
    )
    print(f"mean of {len(scores)}: LSE-C {confidence:.3f}, LSE-D {distance:.3f} by {identity}")


def _add_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", type=Path, help="prepared corpus with faces and sound; its training clips are learnt")
    parser.add_argument("--output", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument(
        "--without",
        type=Path,
        nargs="+",
        default=[],
        metavar="VIDEO",
        help="videos whose clips must not be learnt: what will be rendered and judged",
    )
    parser.add_argument("--steps", type=int, default=1500, help="of 96 windows (1500)")
    parser.add_argument("--seed", type=int, default=0)


def _judge(options: argparse.Namespace) -> None:
    from pase.corpus.store import Corpus
    from pase.evaluation.judge.store import save_judge
    from pase.evaluation.judge.training import clips_without, train_judge

    corpus = Corpus.open(options.corpus)
    known = {Path(record.source).stem for record in corpus.records}
    for video in options.without:
        if video.stem not in known:
            print(f"{video}: the corpus has no clip of it, there is nothing to leave out")
    records = clips_without(corpus, {video.stem for video in options.without} & known)
    model = train_judge(corpus, records, options.steps, options.seed)
    speakers = sorted({record.speaker for record in records})
    told = {"clips": len(records), "speakers": speakers[:20], "steps": options.steps, "seed": options.seed}
    save_judge(options.output, model, told)
    print(f"{options.output}: learnt from {len(records)} clips of {len(speakers)} speakers")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results",
        nargs="+",
        metavar="[NAME=]RESULTS",
        help="results.json, or its folder; those of the same name are one group trained with several seeds, in the "
        "same order in every group. The others are compared with the first",
    )
    parser.add_argument("--all", action="store_true", help="every measure, not those alone that count")
    parser.add_argument("--baselines", action="store_true", help="also what was measured beside the first group")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="Markdown file to write too")


def _compare(options: argparse.Namespace) -> None:
    from pase.evaluation.compare_files import compare_files

    print(compare_files(options.results, options.all, options.baselines, options.seed, options.output))


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, help="YAML file that names the rows, e.g. configs/study/ablation.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder for results.jsonl, results.md, report.html")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of each row (default: 0 1 2)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help="run these rows (default: all)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once (default: %(default)s)")


def _study(options: argparse.Namespace) -> None:
    from pase.study.runner import run_study

    page = run_study(
        options.study, options.output, options.seeds, options.only, options.jobs, lambda line: print(line, flush=True)
    )
    print(f"report: {page}")
