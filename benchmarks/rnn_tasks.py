"""Train networks of excitatory and inhibitory units to published criteria.

python benchmarks/rnn_tasks.py                         # what is missing, then the table
python benchmarks/rnn_tasks.py --task sine --seed 0    # one network
python benchmarks/rnn_tasks.py --report                # table and figure only

Tasks, sizes, signs, noise, regulariser and criteria are those of Song, Yang and Wang
(2016), doi:10.1371/journal.pcbi.1004792; what differs is said in ``SETTINGS``. Every
network is validated on new trials after each ``every`` trials, with the noise of
training; it has reached the criterion when the mean of the last five validations has.
One file per task and seed holds the whole history, so a run that was stopped goes on.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from skneuro import datasets
from skneuro.rnn import CTRNNRegressor

FOLDER = Path(__file__).parent / "results" / "rnn_tasks"
SEEDS = (0, 1, 2)
N_LAST = 5  # validations whose mean counts
PATIENCE = 8  # validations without a new best until the learning rate is halved
# Table 1 of the paper. Its gradient descent takes steps of 0.01 without momentum.
PAPER = {
    "tau": 100.0,
    "dt": 20.0,
    "ei_ratio": 0.8,
    "constraint": "rectify",
    "input_signs": 1.0,
    "input_weights": 0.1,
    "output_weights": 0.1,
    "recurrent_bias": None,
    "output_bias": None,
    "preact_noise": 0.15,
    "noise_at_predict": True,
    "initial_state": 0.1,
    "learn_initial_state": True,
    "optimizer": "sgd",
    "lr": 0.01,
    "gradient_clip": 1.0,
    "penalties": {"omega": 2.0},
    "batch_size": 20,
}
ADAM = {"optimizer": "adam", "lr": 0.002}
SETTINGS = {
    "perceptual": {
        "make": "make_perceptual_decision",
        "network": {"n_hidden": 100},
        "goal": 0.85,
        "n_validation": 1100,
        "differs": "nothing",
    },
    "context": {
        "make": "make_context_integration",
        "network": {"n_hidden": 150, "batch_size": 50, **ADAM},
        "goal": 0.90,
        "n_validation": 1460,
        "every": 5000,
        "differs": "Adam",
    },
    "multisensory": {
        "make": "make_multisensory",
        "network": {"n_hidden": 150, **ADAM},
        "goal": 0.90,
        "n_validation": 1200,
        "every": 5000,
        "differs": "Adam; all units receive all inputs",
    },
    "working memory": {
        "make": "make_parametric_working_memory",
        "network": {"n_hidden": 500, "batch_size": 50, **ADAM, "lr": 0.001},
        "densities": (0.1, 0.5),  # of connections from E and from I units
        "stages": [{"delay": (100.0, 500.0)}, {"delay": (500.0, 2000.0)}],
        "goal": 0.85,
        "n_validation": 1100,
        "every": 2500,
        "differs": "Adam; batches of 50; short delays first",
    },
    "sequence": {
        "make": "make_sequence_execution",
        "network": {
            "n_hidden": 200,
            "tau": 50.0,
            "preact_noise": 0.01,
            "excitatory_readout": False,
            **ADAM,
        },
        "goal": 0.05,
        "n_validation": 400,
        "every": 2000,
        "differs": "Adam; batches of 20 trials that start anew, not single ones",
    },
    "sine": {
        "make": "make_sine",
        "network": {
            "n_hidden": 100,
            "recurrent_bias": "zero",
            "output_bias": "zero",
            "preact_noise": 0.05,
            **ADAM,
        },
        "goal": 0.05,
        "n_validation": 200,
        "every": 2000,
        "differs": "Adam; batches of 20 trials that start anew, not single ones",
    },
}


def network(setting, seed):
    """Make the estimator of a setting."""
    arguments = {**PAPER, **setting["network"]}
    if "densities" in setting:
        rng = np.random.default_rng(seed)
        n_hidden = arguments["n_hidden"]
        excitatory = np.arange(n_hidden) < round(arguments["ei_ratio"] * n_hidden)
        density = np.where(excitatory, *setting["densities"])
        arguments["recurrent_mask"] = rng.uniform(size=(n_hidden, n_hidden)) < density
    return CTRNNRegressor(random_state=seed, **arguments)


def trials(setting, stage, n_trials, seed):
    """Make trials of a stage of training; the last stage is the task itself."""
    stages = setting.get("stages", [])
    options = stages[stage] if stage < len(stages) else {}
    make = getattr(datasets, setting["make"])
    return make(n_trials, random_state=seed, **options)


def reached(setting, record):
    """Whether the validations of the task itself satisfy the criterion."""
    stage = len(setting.get("stages", []))
    scores = [row["score"] for row in record["history"] if row["stage"] == stage]
    return len(scores) >= N_LAST and good(setting, np.mean(scores[-N_LAST:]))


def good(setting, score):
    """Whether a score satisfies the criterion; errors are to be small."""
    goal = setting["goal"]
    return score <= goal if goal < 0.5 else score >= goal


def train(name, seed, *, max_trials, minutes, folder=FOLDER):
    """Train one network until the criterion, or a limit, and keep its history."""
    setting = SETTINGS[name]
    stem = f"{name.replace(' ', '_')}-{seed}"
    file, weights = folder / f"{stem}.json", folder / f"{stem}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"task": name, "seed": seed, "minutes": 0.0, "history": []}
    found = json.loads(file.read_text()) if file.exists() else record
    if "shown" in found and reached(setting, found):
        return found
    if file.exists() and weights.exists():
        record = found
        model = CTRNNRegressor.load(weights)
    else:
        task = trials(setting, 0, 1, seed)
        model = network(setting, seed).begin(task.X.shape[1], task.y.shape[1])
    history, every = record["history"], setting.get("every", 10_000)
    begin, before = time.monotonic(), record["minutes"]
    cpu = time.process_time()
    while not reached(setting, record):
        n_done = history[-1]["trials"] if history else 0
        if n_done >= max_trials or time.monotonic() - begin > 60 * minutes:
            break
        stage = history[-1]["next"] if history else 0
        lr = history[-1]["lr"] if history else model.lr
        model.net_.set_params(lr=lr)
        model.n_fits_ = len(history)  # seeds the noise, also after a resumption
        # seeds of training and validation: even and odd numbers of one series
        series = 2 * (1000 * seed + len(history))
        task = trials(setting, stage, every, series)
        model.partial_fit(task.X, task.y, mask=task.mask)
        test = trials(setting, stage, setting["n_validation"], series + 1)
        outputs = model.predict(test.X)
        score, _ = datasets.score_task(test, outputs)
        squares = (outputs - test.y) ** 2 * test.mask[:, None]
        error = np.sqrt(squares.sum() / test.mask.sum() / test.y.shape[1])
        row = {
            "trials": n_done + every,
            "stage": stage,
            "score": round(float(score), 4),
            "rmse": round(float(error), 4),
            "lr": lr,
        }
        history.append(row)
        n_stages = len(setting.get("stages", []))
        row["next"] = stage + (stage < n_stages and good(setting, score))
        errors = [past["rmse"] for past in history if past["stage"] == stage]
        if len(errors) > PATIENCE and min(errors[-PATIENCE:]) > min(errors[:-PATIENCE]):
            row["lr"] = lr / 2
        record["minutes"] = round(before + (time.process_time() - cpu) / 60, 3)
        record["reached"] = bool(reached(setting, record))
        print(name, seed, f"{record['minutes']:.1f} min", row, flush=True)
        model.save(weights)
        file.write_text(json.dumps(record) + "\n")
    if "shown" not in record or record["shown"]["trials"] != history[-1]["trials"]:
        record["shown"] = shown(setting, model, seed)
        record["shown"]["trials"] = history[-1]["trials"]
        file.write_text(json.dumps(record) + "\n")
    return record


def shown(setting, model, seed):
    """Choices by condition, or outputs beside their targets, for the figure."""
    test = trials(setting, 99, 4 * setting["n_validation"], 10**6 + seed)
    outputs = model.predict(test.X)
    if test.labels is None:
        chosen = [0, 1, 2]
        return {
            "target": test.y[chosen].round(4).tolist(),
            "output": outputs[chosen].round(4).tolist(),
        }
    score, outcomes = datasets.score_task(test, outputs)
    outcomes = outcomes[~outcomes.catch.astype(bool)]
    columns = [
        column
        for column in outcomes.columns
        if column not in ("n_steps", "catch", "correct", "choice", "delay")
    ]
    table = outcomes.groupby(columns)
    table = table.agg(
        n_trials=("choice", "size"),
        n_first=("choice", lambda choice: int((choice == 0).sum())),
        correct=("correct", "mean"),
    )
    rows = table.reset_index().to_dict("records")
    return {"score": round(float(score), 4), "conditions": rows}


def report(folder=FOLDER):
    """Write the table, and the figure of what the networks do."""
    records = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    lines = [
        "# Networks trained to the criteria of Song, Yang and Wang (2016)",
        "",
        "Excitatory and inhibitory units 80:20, noise as in the paper, three seeds.",
        "Scores are means of the last five validations: the share of correct choices,",
        "for working memory in its worst condition; the root mean squared error for",
        "sequence and sine. The paper asks of working memory the last one only.",
        "Minutes are those of one core.",
        "",
        "| task | units | criterion | seed | score | reached | trials | minutes "
        "| differs from the paper |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, setting in SETTINGS.items():
        for record in (r for r in records if r["task"] == name):
            score = np.mean([row["score"] for row in record["history"][-N_LAST:]])
            sign = "<=" if setting["goal"] < 0.5 else ">="
            lines.append(
                f"| {name} | {setting['network']['n_hidden']} "
                f"| {sign} {setting['goal']:.2f} | {record['seed']} | {score:.3f} "
                f"| {'yes' if record['reached'] else 'no'} "
                f"| {record['history'][-1]['trials']} | {record['minutes']:.1f} "
                f"| {setting['differs']} |"
            )
    (folder.parent / "rnn_tasks.md").write_text("\n".join(lines) + "\n")
    draw(records, folder.parent / "rnn_tasks.png")
    print("\n".join(lines))


def draw(records, path):
    """Draw one panel per task: psychometric curves, or outputs and targets."""
    import matplotlib.pyplot as plt
    import pandas as pd

    from skneuro.plotting import plot_psychometric

    fig, axes = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for ax, name in zip(axes.flat, SETTINGS, strict=True):
        ax.set_title(name)
        own = [record for record in records if record["task"] == name]
        n_groups = {"context": 2, "multisensory": 3}.get(name, 10)
        ax.set_prop_cycle(color=plt.cm.tab10.colors[:n_groups])
        for record in own:
            result = record["shown"]
            if "target" in result:
                draw_signals(ax, result, name)
                continue
            table = pd.DataFrame(result["conditions"])
            if name == "working memory":
                draw_pairs(ax, table, record["seed"])
                continue
            for label, fit in curves(table, name):
                plot_psychometric(fit, ax=ax, label=label if record is own[0] else None)
        ax.set_xlabel(
            {
                "perceptual": "Coherence (%)",
                "context": "Coherence of the context (%)",
                "multisensory": "Rate from the boundary (1/s)",
                "working memory": "f1, f2 (Hz)",
                "sequence": "x",
            }.get(name, "Time (ms)")
        )
    fig.savefig(path, dpi=110)
    plt.close(fig)


def curves(table, name):
    """Fit choices of the first output against the evidence, group by group."""
    from skneuro.metrics import fit_psychometric

    group = {"context": "context", "multisensory": "modality"}.get(name)
    evidence = "signed_rate" if name == "multisensory" else "signed_coherence"
    groups = [(None, table)] if group is None else table.groupby(group)
    for label, part in groups:
        levels = np.repeat(part[evidence], part.n_trials)
        first = np.concatenate(
            [np.arange(n) < k for n, k in zip(part.n_trials, part.n_first, strict=True)]
        )
        yield label, fit_psychometric(levels.to_numpy(float), first.astype(int))


def draw_pairs(ax, table, seed):
    """Draw the share of correct answers for each pair of frequencies."""
    names = [f"{a:g},{b:g}" for a, b in zip(table.f1, table.f2, strict=True)]
    ax.plot(names, table.correct, "o-", label=f"seed {seed}")
    ax.axhline(0.85, color="0.7", linewidth=0.8)
    ax.set(ylabel="Share correct", ylim=(0.45, 1.02))
    ax.tick_params(axis="x", labelrotation=60)
    ax.legend(frameon=False, fontsize="small")


def draw_signals(ax, result, name):
    """Draw outputs, and below them targets in grey."""
    target, output = (np.array(result[key]) for key in ("target", "output"))
    if name == "sequence":
        last = slice(100, None)  # from fixation on; before it nothing counts
        for wanted, found in zip(target[..., last], output[..., last], strict=True):
            ax.plot(*wanted, color="0.8", linewidth=4)
            ax.plot(*found, linewidth=0.8)
        ax.set(ylabel="y", aspect="equal")
        return
    times = 20.0 * np.arange(1, target.shape[2] + 1)
    ax.plot(times, target[0, 0], color="0.8", linewidth=5)
    ax.plot(times, output[:, 0].T, linewidth=0.8)
    ax.set(ylabel="Output")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=SETTINGS, action="append")
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--max-trials", type=int, default=500_000)
    parser.add_argument("--minutes", type=float, default=np.inf, help="per network")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        for name in options.task or SETTINGS:
            for seed in options.seed or SEEDS:
                train(
                    name, seed, max_trials=options.max_trials, minutes=options.minutes
                )
    if options.report or options.task is None:
        report()


if __name__ == "__main__":
    main()
