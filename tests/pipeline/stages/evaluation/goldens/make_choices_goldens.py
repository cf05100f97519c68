"""Writes choices.json: log-likelihoods of choices by lm-evaluation-harness 0.4.13, with its own C-Eval and CMMLU tasks.

deno run -A write_model.ts MODEL; pip install lm_eval==0.4.13 torch transformers; python make_choices_goldens.py MODEL
"""

import json
import sys
import tempfile
from pathlib import Path

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

HERE = Path(__file__).parent
OWN = Path(lm_eval.__file__).parent / "tasks"
SETS = {
    "ceval": {"subjects": ["law", "logic"], "split": "val", "own": "ceval/ceval-valid_{}.yaml", "name": "ceval-valid_{}"},
    "cmmlu": {"subjects": ["arts"], "split": "test", "own": "cmmlu/cmmlu_{}.yaml", "name": "cmmlu_{}"},
}


def task_file(kind, subject, folder):
    """The harness's own task, with our files in place of those of the hub."""
    split, own = SETS[kind]["split"], OWN / SETS[kind]["own"].format(subject)
    path = (lambda part: f"{part}/{subject}_{part}.csv") if kind == "ceval" else (lambda part: f"{part}/{subject}.csv")
    # the harness wants a key of its own here, so the files are named by the split that its task reads
    files = {part: str(HERE / kind / path(part)) for part in ("dev", split)}
    name = f"golden_{kind}_{subject}"
    lines = [
        f"include: {own}",
        f"task: {name}",
        "dataset_path: csv",
        "dataset_name: null",
        "dataset_kwargs:",
        f"  data_files: {json.dumps(files)}",
    ]
    Path(folder, f"{name}.yaml").write_text("\n".join(lines), encoding="utf-8")
    return name


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        names = {(kind, s): task_file(kind, s, folder) for kind, each in SETS.items() for s in each["subjects"]}
        manager = TaskManager(include_path=folder, include_defaults=False)
        for bos in (True, False):
            model = HFLM(pretrained=sys.argv[1], device="cpu", dtype="float32", add_bos_token=bos, batch_size=1)
            for shots in (0, 2):
                found = lm_eval.simple_evaluate(
                    model, tasks=list(names.values()), num_fewshot=shots, task_manager=manager, bootstrap_iters=1
                )
                for (kind, subject), name in names.items():
                    samples = sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
                    result = found["results"][name]
                    rows.append(
                        {
                            "format": kind,
                            "subject": subject,
                            "bos": bos,
                            "shots": shots,
                            "prompts": [sample["arguments"][0][0] for sample in samples],
                            "likelihoods": [[response[0][0] for response in sample["resps"]] for sample in samples],
                            "acc": result["acc,none"],
                            "acc_stderr": result["acc_stderr,none"],
                        }
                    )
    HERE.joinpath("choices.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
