# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the scenarios of the sample fleet (isobar.v1.Operations) into scenarios/, from sample_fleet.textproto beside it:

    python3 resources/sample/make_scenarios.py

How chips are built in is published (the comments below say where); products, limits, scaling and what breaks are
invented, like the rest of the lab. Plain Python 3, no packages; the same bytes every time."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
FLEET = open(os.path.join(HERE, "sample_fleet.textproto"), encoding="utf-8").read()

# Hosts and slices of TPUs: cloud.google.com/tpu/docs (v5e, v6e: four chips a host in slices, 2D, to 256; v5p, TPU7x:
# four chips a host, 64 to a cube, 3D). GB200 NVL72: 18 trays of four. Trn2: 16 to an instance, four to an UltraServer.
LAYOUTS = [("TPU v5e", 4, 8, [1, 4, 8, 16, 32, 64, 128, 256]), ("TPU v6e", 4, 8, [1, 4, 8, 16, 32, 64, 128, 256]),
           ("TPU v5p", 4, 16, [4, 8, 16, 32, 64, 128, 256, 512]), ("TPU7x", 4, 16, [4, 8, 16, 32, 64, 128, 256, 512]),
           ("GB200", 4, 18, []), ("Trainium2", 16, 4, [])]

# workload: product, further fields
WORKLOADS = {
    "Assistant": ("chat", "turns_per_session: 5"),
    "Assistant for Europe": ("chat", "turns_per_session: 5"),
    "Public services UK": ("chat", "turns_per_session: 3"),
    "Consumer chat": ("chat", "turns_per_session: 6"),
    "Contract analysis": ("batch", "routing: RESERVED_FIRST"),
    "Document tagging": ("batch", "routing: RESERVED_FIRST"),
    "Batch evaluation": ("batch", "routing: RESERVED_FIRST"),
    "Repository review": ("copilot", ""),
    "Code edits": ("copilot", "turns_per_session: 8"),
    "Coding agent": ("copilot", "turns_per_session: 4"),
    "Research agent": ("API", ""),
    "Agent platform": ("API", ""),
    "Deep reasoning": ("API", ""),
    "Reasoning API": ("API", "gaps: WEIBULL"),
    "Open model API": ("API", "gaps: WEIBULL"),
    "Translation": ("API", ""),
    "Voice agent": ("voice", ""),
    "Mobile keyboard": ("keyboard", ""),
    "Search summaries": ("search", ""),
}


def entries(field):
    """The entries of a list of the fleet, as dictionaries of their plain fields."""
    for line in FLEET.splitlines():
        if line.startswith(field + " {"):
            plain = line.split(" provenance {")[0]
            yield {k: s if s else n for k, s, n in re.findall(r'(\w+): (?:"([^"]*)"|([\w.]+))', plain)}


def today():
    out = ["routing: NEAREST_WITH_SPILL",
           "retry { max_attempts: 3 backoff_seconds: 0.5 cool_down_seconds: 10 }",
           "warm_up { node_seconds: 90 image_seconds: 60 weight_bytes_per_second: 2e9 compile_seconds: 120 }", ""]
    for workload in entries("workloads"):
        product, more = WORKLOADS[workload["name"]]
        out.append(f'workloads {{ workload: "{workload["name"]}" product: "{product}" {more} }}'.replace("  ", " "))
    out.append("")
    for name, node, rack, slices in LAYOUTS:
        text = f"slice_chips: {slices} " if slices else ""
        out.append(f'layouts {{ accelerator: "{name}" chips_per_node: {node} nodes_per_rack: {rack} {text}}}')
    out.append("")
    for pool in entries("pools"):
        chips = sum(int(pool.get(kind + "_chips", 0)) for kind in ("reserved", "committed", "on_demand", "spot"))
        text = f'zones: {3 if chips >= 4096 else 2 if chips >= 1536 else 1}'
        if "other_tenant_ratio" in pool:
            text += " other_tenant_amplitude: 0.2"
        if int(pool.get("spot_chips", 0)):
            text += " spot_reclaims_per_chip_hour: 0.01"
        out.append(f'pools {{ pool: "{pool["key"]}" {text} }}')
    out.append("")
    # Three placements a model scale with their load: the largest.
    by_model = {}
    for placement in entries("placements"):
        by_model.setdefault(placement["model"], []).append(placement)
    for model, placements in by_model.items():
        for placement in sorted(placements, key=lambda p: -int(p["replicas"]))[:3]:
            n = int(placement["replicas"])
            out.append(f'autoscale {{ placement: "{placement["key"]}" min_replicas: {n * 85 // 100} '
                       f'max_replicas: {n * 110 // 100} target_ratio: 0.6 scale_down_after_seconds: 600 }}')
    out.append("")
    for job in entries("training_jobs"):
        out.append(f'training {{ job: "{job["name"]}" checkpoint_write_seconds: 45 restart_seconds: 600 }}')
    # 419 interruptions in 54 days on 16,384 chips (Llama 3, 2024): one in 50,700 hours of a chip, here as chips and nodes.
    out += ["", "fault_rates { kind: CHIP mean_hours_to_failure: 80000 mean_hours_to_repair: 24 }",
            "fault_rates { kind: NODE mean_hours_to_failure: 1100000 mean_hours_to_repair: 12 }"]
    return out


def write(name, comment, more):
    lines = ["# proto-file: isobar/v1/operations.proto", "# proto-message: isobar.v1.Operations", "#"]
    lines += ["# " + line for line in comment] + ["#", "# Of the bundled sample fleet. Made by make_scenarios.py.", ""]
    lines += today() + ([""] + more if more else [])
    with open(os.path.join(HERE, "scenarios", name + ".textproto"), "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


write("today", ["The lab's ordinary day: TPUs in their slices, training gangs with checkpoints, other tenants' load that swings, spot",
                "chips that are taken back, three placements a model that scale, chips and nodes that fail as they do."], [])
write("region_outage", ["The ordinary day, and Azure's East US goes for ten minutes after five; when it is back, the link from West Europe to",
                        "East US 2 is four times slower for five minutes."],
      ['faults { kind: REGION region: "azure/eastus" at_seconds: 300 duration_seconds: 600 }',
       'faults { kind: LINK_SLOW region: "azure/westeurope" other_region: "azure/eastus2" ratio: 4 at_seconds: 1000 duration_seconds: 300 }'])
write("demand_and_burst", ["The ordinary day with 30 % more demand everywhere; after five minutes the assistants have twice as much for five",
                           "minutes."],
      ["demand_ratio: 1.3", 'surges { workload: "Assistant" at_seconds: 300 duration_seconds: 300 ratio: 2 }',
       'surges { workload: "Consumer chat" at_seconds: 300 duration_seconds: 300 ratio: 2 }'])
write("spot_wave", ["The ordinary day, and after five minutes spot chips are taken back: all of Azure's for half an hour, half of Google",
                    "Cloud's and of AWS's for twenty minutes."],
      ['faults { kind: SPOT_WAVE provider: "azure" ratio: 1 at_seconds: 300 duration_seconds: 1800 }',
       'faults { kind: SPOT_WAVE provider: "gcp" ratio: 0.5 at_seconds: 420 duration_seconds: 1200 }',
       'faults { kind: SPOT_WAVE provider: "aws" ratio: 0.5 at_seconds: 420 duration_seconds: 1200 }'])
