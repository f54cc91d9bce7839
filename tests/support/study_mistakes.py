"""Mistakes that people make in study files, each with what the message about it must say."""

from study_text import STUDY

REVISION = "0123456789abcdef0123456789abcdef01234567"
HUB_BASE = f"source: hub\n  repository: some/model\n  revision: {REVISION}"
EMBEDDED = STUDY[STUDY.index("source: embedded") : STUDY.index("\n\ntrain_on")]
LLAMA_7B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
LORA = "{method: lora, rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3}"
FULL = "{method: full, learning_rate: 1.0e-3}"

# name: (text to replace, replacement, what the message must say)
MISTAKES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # --- YAML ---
    "number that YAML reads as text": (
        "learning_rate: 1.0e-3",
        "learning_rate: 1e-4",
        ("mine.yaml:31: grid[0].learning_rate: ", '"1e-4" is text', "a number", "write 1.0e-4"),
    ),
    "number in quotes": (
        "rank: [1, 4, 16]",
        "rank: [1, 4, '16']",
        ("mine.yaml:32: grid[1].rank[2]: ", '"16" is text', "a whole number", "write 16"),
    ),
    "key twice": (
        "seeds: [0, 1]",
        "seeds: [0, 1]\nseeds: [2]",
        ("mine.yaml:22: seeds: ", "twice", "lines 21 and 22", "remove one"),
    ),
    "tab": ("  steps: 250", "\tsteps: 250", ("mine.yaml:24: ", "tab", "spaces")),
    "unclosed list": ("seeds: [0, 1]", "seeds: [0, 1", ("mine.yaml:23: ", "not valid YAML")),
    "yes is no text": (
        "title: A study of ours",
        "title: yes",
        ("mine.yaml:2: title: ", "true", "allowed: text", "put it in quotes"),
    ),
    "label that is a number": (
        "  code: {source",
        "  1: {source",
        ("mine.yaml:6: data.1: ", 'write "1"', "in quotes"),
    ),
    # --- versions that others published ---
    "version that is not there": (
        "seeds: [0, 1]",
        "versions: {theirs: {source: local, path: nowhere}}\nseeds: [0, 1]",
        ("mine.yaml:21: versions.theirs.path: ", '"nowhere" cannot be used', "no such folder"),
    ),
    "version at a branch": (
        "seeds: [0, 1]",
        "versions: {theirs: {source: hub, repository: a/b, revision: main}}\nseeds: [0, 1]",
        ("mine.yaml:21: versions.theirs.revision: ", "main", "40 hexadecimal digits"),
    ),
    # --- keys ---
    "unknown key with suggestion": (
        "learning_rate: 1.0e-3",
        "learning_rat: 1.0e-3",
        ("mine.yaml:31: grid[0].learning_rat: unknown key", "did you mean learning_rate", "seeds"),
    ),
    "what rankscope finds itself": (
        "content: code, max_bytes",
        "content: code, found: 3.11.7, max_bytes",
        ("mine.yaml:6: data.code.found: unknown key", "allowed here: source, content, heldout_"),
    ),
    "unknown key of the study": (
        "spectra:",
        "spectrum:",
        ("mine.yaml:42: spectrum: unknown key", "did you mean spectra", "allowed here: study, "),
    ),
    "learning rate in the recipe": (
        "steps: 250",
        "steps: 250\n  learning_rate: 1.0e-3",
        ("mine.yaml:25: recipe.learning_rate: unknown key", "blocks of `grid`", "warmup_fraction"),
    ),
    "recipe's key in a block": (
        FULL,
        FULL[:-1] + ", batch_size: 4}",
        ("mine.yaml:31: grid[0].batch_size: unknown key", "it belongs to `grid[0].recipe`"),
    ),
    "recipe's key at the top level": (
        "seeds: [0, 1]",
        "seeds: [0, 1]\nwarmup_fraction: 0.1",
        ("mine.yaml:22: warmup_fraction: unknown key", "it belongs to `recipe`"),
    ),
    "top level's key in the recipe": (
        "steps: 250",
        "steps: 250\n  train_on: code",
        ("mine.yaml:25: recipe.train_on: unknown key", "it belongs to `grid`"),
    ),
    "unknown key in a block's recipe": (
        LORA,
        LORA[:-1] + ", recipe: {warmup: 0.1}}",
        ("mine.yaml:32: grid[1].recipe.warmup: unknown key", "did you mean warmup_fraction"),
    ),
    "missing key": ("seeds: [0, 1]\n", "", ("mine.yaml:1: seeds: ", "missing", "[0, 1]")),
    "missing rank": (
        "rank: [1, 4, 16], ",
        "",
        ("mine.yaml:32: grid[1].rank: ", "missing", "a list of ranks such as [4, 16]"),
    ),
    "rank for full fine-tuning": (
        FULL,
        FULL[:-1] + ", rank: 4}",
        ("mine.yaml:31: grid[0].rank: 4 contradicts `method: full`", "only `method: lora`"),
    ),
    "quantised base for full fine-tuning": (
        FULL,
        FULL[:-1] + ", quantisation: nf4}",
        ('mine.yaml:31: grid[0].quantisation: "nf4" contradicts `method: full`',
         "only `method: lora`"),
    ),
    "alpha for full fine-tuning": (
        FULL,
        FULL[:-1] + ", alpha: 2r}",
        ('mine.yaml:31: grid[0].alpha: "2r" contradicts `method: full`', "change the method"),
    ),
    "key without value": (
        "seeds: [0, 1]",
        "seeds:",
        ("mine.yaml:21: seeds: ", "no value", "[0, 1]"),
    ),
    # --- words and numbers ---
    "unknown method": (
        "method: full",
        "method: ful",
        ('mine.yaml:31: grid[0].method: "ful" is unknown', "did you mean full", "full, lora"),
    ),
    "unknown source": (
        "source: embedded",
        "source: local-folder",
        ('mine.yaml:11: base.source: "local-folder" is unknown', "embedded, local, hub"),
    ),
    "unknown schedule": (
        "schedule: linear",
        "schedule: cosin",
        ('mine.yaml:27: recipe.schedule: "cosin"', "did you mean cosine", "linear, cosine"),
    ),
    "unknown measure": (
        "measures: learning",
        "measures: accuracy",
        ('mine.yaml:36: evaluate.small[0].measures: "accuracy"', "learning, forgetting"),
    ),
    "seed that no generator takes": (
        "seeds: [0, 1]",
        "seeds: [0, -1]",
        ("mine.yaml:21: seeds[1]: -1 is out of range", "at least 0"),
    ),
    "unknown rule for alpha": (
        "alpha: 2r",
        "alpha: 3r",
        ('mine.yaml:32: grid[1].alpha: "3r"', "r, 2r, sqrt(r) or a number"),
    ),
    "negative learning rate": (
        "learning_rate: 1.0e-3",
        "learning_rate: -1.0e-3",
        ("mine.yaml:31: grid[0].learning_rate: -0.001", "a number above 0"),
    ),
    "rank of zero": (
        "rank: [1, 4, 16]",
        "rank: [0, 4]",
        ("mine.yaml:32: grid[1].rank[0]: 0", "above 0"),
    ),
    "half a step": (
        "steps: 250",
        "steps: 250.5",
        ("mine.yaml:24: recipe.steps: 250.5 is no whole number",),
    ),
    "target module that is no list": (
        "alpha: 2r",
        "alpha: 2r, target_modules: q_proj",
        ('mine.yaml:32: grid[1].target_modules: "q_proj"', "all-linear or a list", "[q_proj]"),
    ),
    "name that is no file name": (
        "study: mine",
        "study: My Study",
        ('mine.yaml:1: study: "My Study"', "lower-case letters, digits and -"),
    ),
    "unknown quantisation": (
        "alpha: 2r",
        "alpha: 2r, quantisation: int8",
        ('mine.yaml:32: grid[1].quantisation: "int8"', "allowed", "nf4"),
    ),
    "unknown optimizer": (
        "schedule: linear",
        "optimizer: adamw-4bit",
        ('mine.yaml:27: recipe.optimizer: "adamw-4bit"', "did you mean adamw-8bit",
         "adamw, adamw-8bit, paged-adamw-8bit, paged-adamw-32bit"),
    ),
    "unknown schedule in full": (
        "schedule: linear",
        "schedule: {kind: cosin}",
        ('mine.yaml:27: recipe.schedule.kind: "cosin" is unknown', "did you mean cosine",
         "linear, cosine, constant"),
    ),
    "unknown constant of a schedule": (
        "schedule: linear",
        "schedule: {kind: cosine, flor: 0.1}",
        ("mine.yaml:27: recipe.schedule.flor: unknown key", "did you mean floor", "kind, floor"),
    ),
    "constant of another schedule": (
        "schedule: linear",
        "schedule: {kind: linear, floor: 0.1}",
        ("mine.yaml:27: recipe.schedule.floor: 0.1 contradicts `kind: linear`",
         "only `kind: cosine`"),
    ),
    "one decay for two": (
        "schedule: linear",
        "optimizer: {betas: [0.9]}",
        ("mine.yaml:27: recipe.optimizer.betas: [0.9] has too few entries", "two numbers"),
    ),
    "three decays for two": (
        "schedule: linear",
        "optimizer: {betas: [0.9, 0.9, 0.9]}",
        ("mine.yaml:27: recipe.optimizer.betas: [0.9, 0.9, 0.9]", "at most 2 entries"),
    ),
    "decay out of range": (
        "schedule: linear",
        "optimizer: {betas: [0.9, 1.5]}",
        ("mine.yaml:27: recipe.optimizer.betas[1]: 1.5 is out of range", "a number below 1"),
    ),
    # --- lists ---
    "empty grid": (
        f"grid:\n  - {FULL}\n  - {LORA}",
        "grid: []",
        ("mine.yaml:30: grid: [] is empty", "at least 1"),
    ),
    "empty seeds": ("seeds: [0, 1]", "seeds: []", ("mine.yaml:21: seeds: ", "empty")),
    "seed twice": (
        "seeds: [0, 1]",
        "seeds: [0, 1, 0]",
        ("mine.yaml:21: seeds: 0 stands twice", "remove one"),
    ),
    "rank twice": (
        "rank: [1, 4, 16]",
        "rank: [4, 4]",
        ("mine.yaml:32: grid[1].rank: 4 stands twice",),
    ),
    "identical runs": (
        LORA,
        LORA + "\n  - {method: lora, rank: 4, alpha: 2r, learning_rate: 3.0e-3, seeds: 1}",
        ("mine.yaml:33: grid[2]: run lora-r4-", "described twice", "line 32", "remove one"),
    ),
    "a start that needs the base's own weights": (
        LORA,
        LORA[:-1] + ", quantisation: nf4, init: pissa}",
        ("mine.yaml:32: grid[1].init: ", "pissa takes", "`quantisation: nf4` rounds", "gaussian"),
    ),
    "unknown start": (
        LORA,
        LORA[:-1] + ", init: gausian}",
        ("mine.yaml:32: grid[1].init: ", "did you mean gaussian", "kaiming-uniform", "pissa"),
    ),
    # --- references ---
    "unknown data": (
        "train_on: code",
        "train_on: cods",
        ('mine.yaml:20: train_on: no data variant is called "cods"', "did you mean code", "items"),
    ),
    "items as training data": (
        "train_on: code",
        "train_on: items",
        ('mine.yaml:20: train_on: the data variant "items"', "allowed here: standard-library"),
    ),
    "documents as items": (
        "data: items}",
        "data: english}",
        ('evaluate.small[2].data: the data variant "english"', "allowed here: continuations"),
    ),
    "headline that names nothing": (
        "learning: code, forgetting",
        "learning: cod, forgetting",
        ('mine.yaml:40: headline.learning: "cod" is no', "did you mean code", "allowed: code"),
    ),
    "headline that measures something else": (
        "forgetting: english}",
        "forgetting: code}",
        ('headline.forgetting: "code" has `measures: learning`', "allowed: english, endings"),
    ),
    "evaluation name twice": (
        "name: endings",
        "name: english",
        ('mine.yaml:38: evaluate.small[2].name: "english"', "line 37", "its own name"),
    ),
    # --- contradictions ---
    "steps and epochs": (
        "steps: 250",
        "steps: 250\n  epochs: 2",
        ("mine.yaml:25: recipe.epochs: 2 epochs contradict `steps: 250`", "one of the two"),
    ),
    "neither steps nor epochs": (
        "  steps: 250\n",
        "",
        ("mine.yaml:23: recipe: ", "`steps` or `epochs`"),
    ),
    "block's epochs against the study's steps": (
        LORA,
        LORA[:-1] + ", recipe: {epochs: 3}}",
        ("mine.yaml:32: grid[1].recipe.epochs: 3 epochs contradict `steps: 250`",),
    ),
    "micro batch that does not divide": (
        "batch_size: 16",
        "batch_size: 16\n  micro_batch_size: 3",
        ("mine.yaml:26: recipe.micro_batch_size: 3", "`batch_size: 16`", "1, 2, 4, 8, 16"),
    ),
    "last weights not kept": (
        "keep: [0.1, 0.5, 1.0]",
        "keep: [0.1, 0.5]",
        ("mine.yaml:28: recipe.keep: [0.1, 0.5]", "end with 1.0"),
    ),
    # --- against base and data ---
    "rank above a dimension": (
        "rank: [1, 4, 16]",
        "rank: [1, 256]",
        ("mine.yaml:32: grid[1].rank[1]: 256", "q_proj (128 × 128)", "allowed: at most 128",
         "allow_rank_above_dimension: true"),
    ),
    "target module that matches nothing": (
        "alpha: 2r",
        "alpha: 2r, target_modules: [q_proj, value_proj]",
        ('mine.yaml:32: grid[1].target_modules[1]: "value_proj"', "did you mean v_proj",
         "q_proj, k_proj"),
    ),
    "sequence above the context": (
        "sequence_length: 256",
        "sequence_length: 512",
        ("mine.yaml:26: recipe.sequence_length: 512", "context of 256 tokens", "at most 256"),
    ),
    "batch above the data": (
        "6_000_000",
        "4_000",
        ("mine.yaml:25: recipe.batch_size: ", "16 sequences of 256 tokens", "4,000 bytes",
         "at most 15"),
    ),
    "heads that do not divide": (
        "heads: 4",
        "heads: 3",
        ("mine.yaml:16: base.heads: 3", "`hidden_size: 128`", "1, 2, 4, 8, 16, 32, 64"),
    ),
    "more leading vectors than there are": (
        "ks: [1, 10]",
        "ks: [1, 200]",
        ("mine.yaml:44: spectra.ks[1]: 200", "(128 × 128)", "at most 128"),
    ),
    "held out under another split": (
        "name: code, kind: bits-per-byte, measures: learning, data: code",
        "name: code, kind: bits-per-byte, measures: learning, data: {source: standard-library,"
        " content: code, seed: 1}",
        ("mine.yaml:36: evaluate.small[0].data: ", "trained on", "the same seed"),
    ),
    "missing dataset": (
        "{source: standard-library, content: english}",
        "{source: text, path: no/such.jsonl}",
        ('mine.yaml:7: data.english.path: "no/such.jsonl"', "no such file"),
    ),
    "missing model": (
        EMBEDDED,
        "source: local\n  path: no/such/model",
        ('mine.yaml:12: base.path: "no/such/model"', "no such model folder"),
    ),
    "model in the home folder": (
        EMBEDDED,
        "source: local\n  path: ~/model",
        ('mine.yaml:12: base.path: "~/model"', "~ is not expanded"),
    ),
    "unpinned hub dataset": (
        "{source: standard-library, content: english}",
        "{source: hub, repository: some/text, revision: v1.0}",
        ('mine.yaml:7: data.english.revision: "v1.0"', "full commit hash"),
    ),
    "unpinned hub model": (
        EMBEDDED,
        "source: hub\n  repository: some/model\n  revision: main",
        ('mine.yaml:13: base.revision: "main"', "full commit hash", "40 hexadecimal digits"),
    ),
}  # fmt: skip

# what takes a look at other keys, at the lines, or at base and data
NO_JSON = {"tab", "unclosed list", "label that is a number"}
ONLY_RANKSCOPE_SEES = {
    "version that is not there",
    "a start that needs the base's own weights",
    "key twice",
    "identical runs",
    "unknown data",
    "items as training data",
    "documents as items",
    "headline that names nothing",
    "headline that measures something else",
    "evaluation name twice",
    "steps and epochs",
    "neither steps nor epochs",
    "block's epochs against the study's steps",
    "micro batch that does not divide",
    "last weights not kept",
    "rank above a dimension",
    "target module that matches nothing",
    "sequence above the context",
    "batch above the data",
    "heads that do not divide",
    "more leading vectors than there are",
    "held out under another split",
    "missing dataset",
    "missing model",
    "model in the home folder",
}
