# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of one iteration of a replica, as docs/measures.md gives it: for sizing the sample fleet and for checking
the coefficients against published measurements. The product computes with model/serving; this only prepares data.

    python3 serving_model.py            errors of coefficients.textproto against the measured anchors below
"""
import pathlib
import re

# Llama-3.1-70B, fp8, 1,024 tokens in and 1,024 out, vLLM, closed loop at concurrency B. Milliseconds a token.
ANCHORS = [  # accelerator, TP, {B: TPOT}
    ("H100", 2, {4: 17.4, 16: 19.7, 64: 28.8}),
    ("H100", 4, {4: 11.8, 16: 13.2, 64: 19.5}),
    ("B200", 1, {4: 16.3, 16: 17.7, 64: 23.1}),
]
LLAMA_70B = dict(layers=80, hidden=8192, heads=64, kv_heads=8, head_dim=128, total=70.55e9, active=70.55e9, experts=0,
                 experts_per_token=0, expert_parameters=0, kv_values=163840)
# BLIS on Llama-3.1-70B, bf16, 4 ways, H100: inter-token latency 17.1 ms (p50) at some 12 sequences of 1,260 tokens.
CHIPS = {"H100": dict(bf16=989e12, fp8=1979e12, hbm=80 * 2**30, bandwidth=3.35e12, interconnect=450e9),
         "B200": dict(bf16=2250e12, fp8=4500e12, hbm=180 * 2**30, bandwidth=7.7e12, interconnect=900e9)}


def read_coefficients(path):
    """{(accelerator, precision): {field: number}} of a calibration document."""
    rows = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if not line.startswith("efficiencies"):
            continue
        name = re.search(r'accelerator: "([^"]*)"', line)
        precision = re.search(r"precision: (\w+)", line).group(1)
        fields = {k: float(v) for k, v in re.findall(r"(\w+): ([-+.\deE]+)(?= )", line)}
        rows[name.group(1) if name else "", precision] = fields
    return rows


class Replica:
    """One replica: seconds of an iteration, tokens of KV cache, requests a second."""

    def __init__(self, model, chip, precision, ways, coefficients, chip_name):
        c = coefficients.get((chip_name, precision)) or coefficients["", precision]
        size = 1 if precision == "FP8" else 2
        flops = chip["fp8" if precision == "FP8" else "bf16"]
        if flops is None:
            raise ValueError(f"{chip_name} has no {precision}")
        # 0 or absent: as the formula would have it without the coefficient.
        def other(key, otherwise):
            return c.get(key) or otherwise
        self.exposed = c.get("exposed_ratio", 0)
        bandwidth = ways * chip["bandwidth"]
        dense = model["total"] - model["expert_parameters"]
        self.dense_seconds = dense * size / (bandwidth * c["bandwidth_ratio"])
        self.expert_seconds = (model["expert_parameters"] * size
                               / (bandwidth * other("expert_bandwidth_ratio", c["bandwidth_ratio"])))
        self.touched = model["experts_per_token"] / model["experts"] if model["experts"] else 0
        expert_active = model["expert_parameters"] * self.touched
        self.dense_compute = 2 * min(dense, model["active"] - expert_active) / (ways * flops * c["compute_ratio"])
        self.expert_compute = (2 * expert_active
                               / (ways * flops * other("expert_compute_ratio", c["compute_ratio"])))
        # Heads are not split: chips beyond their number hold copies, and a latent cache (one head) is copied to every
        # chip.
        shards = min(ways, model["kv_heads"])
        kv_bytes = model["kv_values"] * other("kv_bytes_per_value", 2)
        self.context_seconds = kv_bytes / (shards * chip["bandwidth"] * c["attention_bandwidth_ratio"])
        layers = model["layers"]
        self.fixed = c["step_overhead_seconds"] + layers * (
            c["layer_overhead_seconds"]
            + (c.get("expert_layer_overhead_seconds", 0) if model["expert_parameters"] else 0))
        self.sequence_seconds = c["sequence_overhead_seconds"]
        self.token_communication = 0.0
        if ways > 1:
            self.fixed += 2 * layers * c["all_reduce_latency_seconds"]
            self.token_communication = (2 * layers * 2 * (ways - 1) / ways * model["hidden"] * 2
                                        / (chip["interconnect"] * c["interconnect_ratio"]))
        # Causal attention of a prompt of s tokens: 2 L (heads x head dimension) s^2 operations.
        self.squared_seconds = (2 * layers * model["heads"] * model["head_dim"]
                                / (ways * chip["bf16"] * other("prefill_attention_ratio", c["compute_ratio"])))
        self.weight_bytes_per_chip = model["total"] * size / ways
        memory = chip["hbm"] * c["memory_ratio"] - c["reserve_bytes"] - self.weight_bytes_per_chip
        self.kv_capacity = max(0, int(shards * memory / kv_bytes))

    def iteration(self, sequences, context, prompt=0):
        tokens = sequences + prompt
        touched = 1 - (1 - self.touched) ** tokens

        def roof(read, multiply):
            return max(read, multiply) + self.exposed * min(read, multiply)
        return (self.fixed + (sequences + (prompt > 0)) * self.sequence_seconds
                + roof(self.dense_seconds, tokens * self.dense_compute)
                + roof(self.expert_seconds * touched, tokens * self.expert_compute)
                + context * self.context_seconds + prompt * prompt * self.squared_seconds
                + tokens * self.token_communication)

    def batch(self, limit, tokens_in, tokens_out):
        return max(1, min(limit, int(self.kv_capacity / (tokens_in + tokens_out))))

    def itl(self, limit, tokens_in, tokens_out):
        b = self.batch(limit, tokens_in, tokens_out)
        return self.iteration(b, b * (tokens_in + tokens_out))

    def work_seconds(self, limit, tokens_in, tokens_out):
        """Replica-seconds of one request with a full batch: what its prompt adds to an iteration, and its share of
        full decode iterations. At a coefficient of variation of 1 a running sequence has on average its prompt and a
        whole mean answer behind it: long answers stay longer."""
        b = self.batch(limit, tokens_in, tokens_out)
        context = b * (tokens_in + tokens_out)
        prompt = self.iteration(b, context, tokens_in) - self.iteration(b, context)
        return prompt + (tokens_out - 1) * self.iteration(b, context) / b


def closed_loop_tpot(replica, b, tokens_in=1024, tokens_out=1024):
    """At concurrency b, each of tokens_out steps is delayed by b / tokens_out prompts that others bring in."""
    context = b * (tokens_in + tokens_out / 2)
    step = replica.iteration(b, context)
    extra = replica.iteration(b, context, tokens_in) - step
    return step + extra * b / tokens_out


if __name__ == "__main__":
    table = read_coefficients(pathlib.Path(__file__).with_name("coefficients.textproto"))
    for name, ways, measured in ANCHORS:
        r = Replica(LLAMA_70B, CHIPS[name], "FP8", ways, table, name)
        for b, ms in measured.items():
            t = closed_loop_tpot(r, b) * 1e3
            print(f"{name} TP{ways} B={b:<3} measured {ms:5.1f} ms, computed {t:5.1f} ms ({t / ms - 1:+.1%})")
    r = Replica(LLAMA_70B, CHIPS["H100"], "BF16", 4, table, "H100")
    t = r.iteration(12, 12 * 1260) * 1e3
    print(f"H100 TP4 bf16, BLIS 17.1 ms, computed {t:5.1f} ms ({t / 17.1 - 1:+.1%})")
