# SPDX-License-Identifier: GPL-3.0-or-later
"""The invented part of the sample fleet: what a lab that started on one cloud and spreads to four others might run.
Nothing here is a statement about any company. Sizes are chosen by hand; rates and replicas follow from them in
make_sample.py by the formulas of resources/calibration/serving_model.py."""

TIERS = [("interactive-fast", 0.5, 0.04, 0), ("interactive-normal", 1.5, 0.08, 1), ("non-interactive", 30.0, 0.3, 2)]

# name, residency zone, latitude, longitude, UTC offset on the data date (hours)
AREAS = [
    ("New York", "US", 40.71, -74.01, -5), ("Dallas", "US", 32.78, -96.80, -6),
    ("San Francisco", "US", 37.77, -122.42, -8), ("Toronto", "CA", 43.65, -79.38, -5),
    ("São Paulo", "BR", -23.55, -46.63, -3), ("London", "UK", 51.51, -0.13, 0), ("Paris", "EU", 48.86, 2.35, 1),
    ("Frankfurt", "EU", 50.11, 8.68, 1), ("Stockholm", "EU", 59.33, 18.07, 1), ("Dubai", "AE", 25.20, 55.27, 4),
    ("Mumbai", "IN", 19.08, 72.88, 5.5), ("Singapore", "SG", 1.35, 103.82, 8), ("Tokyo", "JP", 35.68, 139.69, 9),
    ("Seoul", "KR", 37.57, 126.98, 9), ("Sydney", "AU", -33.87, 151.21, 11), ("Johannesburg", "ZA", -26.20, 28.05, 2),
]

PROFILES = {  # weights of the areas, in the order of AREAS
    "world": [15, 9, 13, 3, 5, 8, 6, 7, 3, 2, 8, 5, 8, 3, 3, 2],
    "america": [29, 17, 27, 6, 4, 5, 3, 3, 1, 0, 2, 1, 1, 0, 1, 0],
    "europe": [0, 0, 0, 0, 0, 0, 36, 44, 20, 0, 0, 0, 0, 0, 0, 0],
    "britain": [0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    "asia": [3, 2, 6, 0, 0, 2, 1, 1, 0, 4, 22, 15, 26, 11, 7, 0],
}

# name, model, tier, input (mean, cv, maximum), output (mean, cv, maximum), profile, diurnal amplitude, peak local hour,
# burstiness, share of the model's work, bound to its residency zone
# "Assistant" has the lengths of the Azure 2023 conversation trace (input 1,155, output 211).
WORKLOADS = [
    ("Assistant", "Llama-3.1-70B", 1, (1155, 1.08, 8192), (211, 0.77, 2048), "world", 0.40, 15, 1.1, 0.24, False),
    ("Assistant for Europe", "Llama-3.1-70B", 1, (1155, 1.08, 8192), (230, 0.80, 2048), "europe", 0.45, 14, 1.1, 0.15, True),
    ("Public services UK", "Llama-3.1-70B", 1, (1800, 0.90, 8192), (320, 0.80, 2048), "britain", 0.55, 12, 1.0, 0.04, True),
    ("Contract analysis", "Llama-3.1-70B", 2, (7200, 0.60, 16384), (760, 0.60, 4096), "america", 0.20, 2, 1.4, 0.57, False),
    ("Mobile keyboard", "Llama-3.1-8B", 0, (420, 1.20, 4096), (96, 0.90, 512), "world", 0.45, 19, 1.1, 0.11, False),
    ("Search summaries", "Llama-3.1-8B", 0, (2200, 0.70, 8192), (160, 0.60, 512), "world", 0.40, 16, 1.2, 0.69, False),
    ("Document tagging", "Llama-3.1-8B", 2, (1700, 1.10, 8192), (14, 0.50, 64), "america", 0.15, 3, 1.6, 0.20, False),
    ("Code edits", "Qwen3-32B", 1, (4200, 0.90, 16384), (420, 1.10, 2048), "america", 0.55, 14, 1.2, 0.63, False),
    ("Voice agent", "Qwen3-32B", 0, (1900, 0.80, 8192), (240, 0.70, 1024), "asia", 0.50, 18, 1.0, 0.37, False),
    ("Coding agent", "Qwen3-Coder-480B", 1, (14000, 0.80, 32768), (1900, 0.90, 8192), "america", 0.45, 15, 1.3, 0.72, False),
    ("Repository review", "Qwen3-Coder-480B", 2, (14000, 0.60, 32768), (2600, 0.70, 8192), "america", 0.20, 23, 1.6, 0.28, False),
    ("Deep reasoning", "DeepSeek-R1", 1, (1900, 1.00, 16384), (3900, 0.80, 16384), "world", 0.35, 15, 1.1, 0.76, False),
    ("Research agent", "DeepSeek-R1", 2, (12000, 0.70, 32768), (3200, 0.80, 16384), "world", 0.20, 22, 1.4, 0.24, False),
    ("Agent platform", "Kimi-K2", 1, (8200, 0.90, 32768), (1500, 0.90, 8192), "world", 0.35, 15, 1.2, 1.00, False),
    ("Consumer chat", "Llama-4-Maverick", 1, (2300, 1.10, 16384), (1180, 0.90, 8192), "world", 0.45, 19, 1.1, 1.00, False),
    ("Reasoning API", "Qwen3-235B-A22B", 1, (1700, 1.00, 16384), (3400, 0.90, 16384), "world", 0.30, 15, 1.2, 1.00, False),
    ("Open model API", "gpt-oss-120b", 1, (2400, 1.20, 16384), (1500, 1.00, 8192), "world", 0.30, 16, 1.3, 0.62, False),
    ("Batch evaluation", "gpt-oss-120b", 2, (2200, 0.80, 16384), (1800, 0.80, 8192), "america", 0.10, 2, 1.8, 0.38, False),
    ("Translation", "Mixtral-8x7B", 1, (900, 0.90, 4096), (820, 0.90, 4096), "europe", 0.40, 13, 1.0, 1.00, True),
]

# Mean work of each model over its capacity. Together they make the whole about 60 % used on average.
TARGET_UTILIZATION = {
    "Llama-3.1-70B": 0.60, "Llama-3.1-8B": 0.55, "Qwen3-32B": 0.56, "Qwen3-Coder-480B": 0.60, "DeepSeek-R1": 0.68,
    "Kimi-K2": 0.55, "Llama-4-Maverick": 0.60, "Qwen3-235B-A22B": 0.58, "gpt-oss-120b": 0.62, "Mixtral-8x7B": 0.44,
}

# (model, accelerator) -> (tensor parallel ways, precision)
SHAPES = {}
for _chip in ("H100", "H200"):
    SHAPES |= {("Llama-3.1-8B", _chip): (1, "FP8"), ("Llama-3.1-70B", _chip): (4, "FP8"), ("Qwen3-32B", _chip): (2, "FP8"),
               ("Qwen3-235B-A22B", _chip): (8, "FP8"), ("gpt-oss-120b", _chip): (4, "FP8"),
               ("Mixtral-8x7B", _chip): (2, "FP8"), ("Llama-4-Maverick", _chip): (8, "FP8")}
SHAPES |= {
    ("Qwen3-Coder-480B", "H200"): (8, "FP8"), ("DeepSeek-R1", "H200"): (8, "FP8"), ("Qwen3-Coder-480B", "H100"): (8, "FP8"),
    ("DeepSeek-R1", "H100"): (16, "FP8"), ("Kimi-K2", "H200"): (16, "FP8"),
    ("Llama-3.1-8B", "A100-80GB"): (1, "BF16"), ("Llama-3.1-70B", "A100-80GB"): (8, "BF16"),
    ("Qwen3-32B", "A100-80GB"): (4, "BF16"), ("Mixtral-8x7B", "A100-80GB"): (4, "BF16"),
    ("DeepSeek-R1", "B200"): (8, "FP8"), ("Kimi-K2", "B200"): (8, "FP8"), ("Qwen3-Coder-480B", "B200"): (8, "FP8"),
    ("Llama-3.1-70B", "B200"): (2, "FP8"), ("DeepSeek-R1", "GB200"): (8, "FP8"), ("Kimi-K2", "GB200"): (8, "FP8"),
    ("Qwen3-Coder-480B", "GB200"): (8, "FP8"), ("Llama-4-Maverick", "GB200"): (4, "FP8"),
    ("Llama-3.1-70B", "MI300X"): (4, "FP8"), ("Llama-4-Maverick", "MI300X"): (4, "FP8"), ("DeepSeek-R1", "MI300X"): (8, "FP8"), ("Mixtral-8x7B", "MI300X"): (1, "FP8"),
    ("Llama-3.1-8B", "TPU v5e"): (4, "BF16"), ("Qwen3-32B", "TPU v5e"): (16, "BF16"),
    ("Llama-3.1-70B", "TPU v5p"): (8, "BF16"), ("Llama-4-Maverick", "TPU v5p"): (8, "FP8"),
    ("Qwen3-235B-A22B", "TPU v5p"): (8, "FP8"), ("Llama-3.1-70B", "TPU v6e"): (8, "FP8"),
    ("gpt-oss-120b", "TPU v6e"): (8, "FP8"), ("Qwen3-32B", "TPU v6e"): (4, "FP8"),
    ("Kimi-K2", "TPU7x"): (8, "FP8"), ("DeepSeek-R1", "TPU7x"): (8, "FP8"), ("Qwen3-Coder-480B", "TPU7x"): (8, "FP8"),
    ("Llama-3.1-70B", "Trainium2"): (8, "BF16"), ("Llama-3.1-8B", "Trainium2"): (1, "BF16"),
    ("Qwen3-32B", "Trainium2"): (4, "BF16"),
}

# What the lab pays by the hour and chip under its contracts (reserved, committed), by provider and accelerator.
CONTRACTED = {
    ("azure", "H100"): (2.22, 2.48), ("azure", "H200"): (2.85, 3.10), ("azure", "A100-80GB"): (0.98, 1.15),
    ("gcp", "H100"): (2.75, 3.05), ("gcp", "TPU v5e"): (0.58, 0.66), ("gcp", "TPU v5p"): (1.95, 2.20),
    ("gcp", "TPU v6e"): (1.28, 1.45), ("gcp", "TPU7x"): (4.15, 4.50), ("coreweave", "GB200"): (5.30, 5.80),
    ("coreweave", "B200"): (3.75, 4.10), ("coreweave", "H100"): (2.25, 2.45), ("coreweave", "H200"): (2.55, 2.80),
    ("aws", "H100"): (2.60, 2.85), ("aws", "H200"): (2.95, 3.20), ("aws", "Trainium2"): (1.15, 1.30),
    ("oci", "MI300X"): (2.30, 2.55), ("oci", "H100"): (2.40, 2.65), ("oci", "B200"): (3.80, 4.20),
}
# No public price of these was found: rates for the chips not under contract. (on demand, spot)
UNPUBLISHED = {("gcp", "TPU7x"): (9.20, 3.70), ("aws", "Trainium2"): (2.60, 0.90)}

# region, accelerator, chips, (reserved, committed, on-demand, spot) percent, other tenants' share, fill,
# [(model, share of the chips that serve)]
M70, M8, Q32, Q235, QC, OSS, R1, MIX, K2, MAV = (
    "Llama-3.1-70B", "Llama-3.1-8B", "Qwen3-32B", "Qwen3-235B-A22B", "Qwen3-Coder-480B", "gpt-oss-120b", "DeepSeek-R1",
    "Mixtral-8x7B", "Kimi-K2", "Llama-4-Maverick")
OLD, NEW, MIXED = (70, 25, 3, 2), (55, 42, 2, 1), (60, 30, 5, 5)
POOLS = [
    ("azure/eastus", "H100", 10240, OLD, 0.10, 0.93, [(QC, 0.45), (Q235, 0.30), (M70, 0.15), (Q32, 0.10)]),
    ("azure/eastus", "A100-80GB", 5120, OLD, 0.05, 0.90, [(M70, 0.55), (Q32, 0.40), (M8, 0.05)]),
    ("azure/eastus2", "H100", 28672, (88, 12, 0, 0), 0.0, 0.92, [(QC, 1.0)]),
    ("azure/centralus", "A100-80GB", 4096, OLD, 0.10, 0.88, [(M70, 0.6), (Q32, 0.4)]),
    ("azure/centralus", "H200", 4096, NEW, 0.0, 0.92, [(R1, 1.0)]),
    ("azure/southcentralus", "A100-80GB", 4096, OLD, 0.12, 0.90, [(M70, 0.5), (Q32, 0.45), (M8, 0.05)]),
    ("azure/southcentralus", "H200", 3072, NEW, 0.05, 0.90, [(QC, 1.0)]),
    ("azure/northcentralus", "H100", 2048, OLD, 0.10, 0.86, [(QC, 1.0)]),
    ("azure/westus", "H100", 5120, OLD, 0.08, 0.93, [(QC, 0.75), (M70, 0.25)]),
    ("azure/westus2", "A100-80GB", 4096, OLD, 0.10, 0.82, [(M70, 0.5), (Q32, 0.45), (M8, 0.05)]),
    ("azure/westus2", "H100", 4096, OLD, 0.06, 0.90, [(MAV, 0.6), (OSS, 0.4)]),
    ("azure/westus3", "H200", 4096, NEW, 0.0, 0.92, [(R1, 0.7), (QC, 0.3)]),
    ("azure/westus3", "A100-80GB", 2048, OLD, 0.10, 0.72, [(M70, 1.0)]),
    ("azure/canadacentral", "H100", 2048, OLD, 0.05, 0.88, [(Q235, 0.6), (MAV, 0.4)]),
    ("azure/brazilsouth", "H100", 1024, OLD, 0.10, 0.90, [(MAV, 0.6), (M70, 0.4)]),
    ("azure/northeurope", "H100", 2048, OLD, 0.05, 0.85, [(R1, 0.7), (M70, 0.2), (MIX, 0.1)]),
    ("azure/westeurope", "H100", 4096, OLD, 0.10, 0.92, [(MAV, 0.4), (QC, 0.4), (M70, 0.2)]),
    ("azure/westeurope", "A100-80GB", 2048, OLD, 0.10, 0.85, [(Q32, 0.65), (MIX, 0.3), (M8, 0.05)]),
    ("azure/uksouth", "H100", 3072, OLD, 0.08, 0.90, [(MAV, 0.45), (Q235, 0.4), (M70, 0.15)]),
    ("azure/francecentral", "H100", 2048, OLD, 0.05, 0.86, [(R1, 0.7), (M70, 0.2), (MIX, 0.1)]),
    ("azure/germanywestcentral", "H100", 2048, OLD, 0.10, 0.93, [(QC, 0.7), (M70, 0.3)]),
    ("azure/swedencentral", "H200", 6144, NEW, 0.0, 0.92, [(R1, 0.65), (K2, 0.35)]),
    ("azure/swedencentral", "H100", 3072, OLD, 0.0, 0.78, [(MAV, 0.6), (OSS, 0.4)]),
    ("azure/switzerlandnorth", "H100", 1024, OLD, 0.05, 0.80, [(Q235, 1.0)]),
    ("azure/norwayeast", "A100-80GB", 1024, OLD, 0.0, 0.72, [(M70, 1.0)]),
    ("azure/uaenorth", "H100", 1024, OLD, 0.10, 0.88, [(MAV, 0.7), (M70, 0.3)]),
    ("azure/centralindia", "H100", 2048, OLD, 0.08, 0.93, [(Q235, 0.7), (Q32, 0.15), (M70, 0.1), (M8, 0.05)]),
    ("azure/japaneast", "H100", 4096, OLD, 0.08, 0.93, [(Q235, 0.6), (R1, 0.3), (M70, 0.1)]),
    ("azure/koreacentral", "H100", 1024, OLD, 0.05, 0.88, [(Q235, 1.0)]),
    ("azure/southeastasia", "H100", 2048, OLD, 0.08, 0.92, [(Q235, 0.5), (MAV, 0.35), (M70, 0.15)]),
    ("azure/eastasia", "A100-80GB", 1024, OLD, 0.10, 0.85, [(Q32, 0.9), (M8, 0.1)]),
    ("azure/australiaeast", "H100", 2048, OLD, 0.05, 0.85, [(MAV, 0.75), (M70, 0.25)]),
    ("azure/southafricanorth", "A100-80GB", 512, OLD, 0.10, 0.75, [(M70, 0.9), (M8, 0.1)]),

    ("gcp/us-central1", "TPU v5p", 17920, (100, 0, 0, 0), 0.0, 0.88, [(MAV, 0.45), (Q235, 0.55)]),
    ("gcp/us-east5", "TPU v5p", 1536, NEW, 0.0, 0.84, [(Q235, 1.0)]),
    ("gcp/us-central1", "TPU7x", 9216, (80, 20, 0, 0), 0.0, 0.90, [(R1, 0.5), (K2, 0.5)]),
    ("gcp/us-central1", "TPU v6e", 3072, NEW, 0.0, 0.88, [(OSS, 0.6), (M70, 0.4)]),
    ("gcp/us-east1", "TPU v6e", 2048, NEW, 0.0, 0.85, [(OSS, 0.7), (Q32, 0.3)]),
    ("gcp/us-west1", "TPU v6e", 2048, NEW, 0.0, 0.78, [(OSS, 1.0)]),
    ("gcp/europe-west4", "TPU v6e", 2560, NEW, 0.0, 0.88, [(M70, 0.7), (OSS, 0.3)]),
    ("gcp/asia-northeast1", "TPU v6e", 2048, NEW, 0.0, 0.90, [(Q32, 0.5), (M70, 0.5)]),
    ("gcp/us-east5", "TPU v5e", 4096, NEW, 0.0, 0.80, [(Q32, 0.88), (M8, 0.12)]),
    ("gcp/us-west4", "TPU v5e", 4096, NEW, 0.0, 0.76, [(Q32, 0.88), (M8, 0.12)]),
    ("gcp/us-south1", "TPU v5e", 2048, NEW, 0.0, 0.72, [(M8, 0.25), (Q32, 0.75)]),
    ("gcp/europe-west1", "TPU v5e", 3072, NEW, 0.0, 0.84, [(Q32, 0.88), (M8, 0.12)]),
    ("gcp/asia-southeast1", "TPU v5e", 3072, NEW, 0.0, 0.90, [(Q32, 0.88), (M8, 0.12)]),
    ("gcp/us-east4", "H100", 3072, MIXED, 0.05, 0.90, [(MAV, 0.5), (QC, 0.5)]),
    ("gcp/us-west1", "H100", 2048, MIXED, 0.05, 0.85, [(QC, 1.0)]),
    ("gcp/europe-west2", "TPU7x", 1024, NEW, 0.0, 0.80, [(K2, 1.0)]),
    ("gcp/europe-west1", "H100", 1536, MIXED, 0.05, 0.88, [(MAV, 1.0)]),
    ("gcp/asia-south1", "H100", 1536, MIXED, 0.05, 0.92, [(Q235, 1.0)]),
    ("gcp/australia-southeast1", "H100", 512, MIXED, 0.05, 0.80, [(Q32, 1.0)]),

    ("coreweave/US-EAST-01", "GB200", 8640, (100, 0, 0, 0), 0.0, 0.93, [(R1, 0.6), (K2, 0.4)]),
    ("coreweave/US-EAST-01", "H200", 2048, MIXED, 0.0, 0.90, [(QC, 1.0)]),
    ("coreweave/US-EAST-04", "H100", 3072, MIXED, 0.0, 0.88, [(MAV, 0.6), (OSS, 0.4)]),
    ("coreweave/US-WEST-01", "B200", 4096, NEW, 0.0, 0.90, [(R1, 0.6), (QC, 0.4)]),
    ("coreweave/RNO2", "H100", 3072, MIXED, 0.05, 0.84, [(QC, 0.8), (M70, 0.2)]),
    ("coreweave/EU-SOUTH-03", "H200", 2048, NEW, 0.0, 0.86, [(R1, 1.0)]),

    ("aws/us-east-1", "H100", 3072, MIXED, 0.10, 0.92, [(MAV, 0.5), (Q235, 0.5)]),
    ("aws/us-east-2", "Trainium2", 8192, NEW, 0.0, 0.86, [(M70, 0.48), (Q32, 0.50), (M8, 0.02)]),
    ("aws/us-west-2", "Trainium2", 5120, NEW, 0.0, 0.78, [(M70, 0.5), (Q32, 0.5)]),
    ("aws/us-west-2", "H200", 2560, MIXED, 0.05, 0.90, [(R1, 1.0)]),
    ("aws/eu-north-1", "H200", 2048, NEW, 0.0, 0.84, [(R1, 1.0)]),
    ("aws/eu-west-2", "H100", 1024, MIXED, 0.10, 0.90, [(Q235, 0.6), (M70, 0.4)]),
    ("aws/ap-northeast-1", "H100", 2048, MIXED, 0.10, 0.93, [(MAV, 0.7), (Q235, 0.3)]),

    ("oci/us-chicago-1", "MI300X", 6144, NEW, 0.0, 0.84, [(M70, 0.45), (MAV, 0.35), (R1, 0.2)]),
    ("oci/us-phoenix-1", "B200", 2048, NEW, 0.0, 0.88, [(K2, 1.0)]),
    ("oci/us-ashburn-1", "H100", 2048, MIXED, 0.05, 0.88, [(OSS, 1.0)]),
    ("oci/eu-frankfurt-1", "MI300X", 2048, NEW, 0.0, 0.80, [(R1, 0.6), (M70, 0.3), (MIX, 0.1)]),
    ("oci/uk-london-1", "H100", 1024, MIXED, 0.05, 0.82, [(Q235, 0.7), (M70, 0.3)]),
    ("oci/ap-tokyo-1", "H100", 1536, MIXED, 0.05, 0.90, [(QC, 1.0)]),
]

# name, pool, chips, seconds between checkpoints
TRAINING = [("Pre-training run A", "azure/eastus2/H100", 24576, 1800.0),
            ("Post-training run B", "gcp/us-central1/TPU v5p", 8960, 1200.0)]

# pool, date, chips, pricing
ARRIVALS = [
    ("coreweave/US-EAST-01/GB200", "2026-12-08", 2304, "RESERVED"), ("aws/us-east-2/Trainium2", "2026-12-15", 4096, "COMMITTED"),
    ("gcp/us-central1/TPU7x", "2027-01-12", 9216, "COMMITTED"), ("oci/us-phoenix-1/B200", "2027-01-26", 4096, "RESERVED"),
    ("azure/swedencentral/H200", "2027-02-09", 2048, "COMMITTED"), ("coreweave/US-WEST-01/B200", "2027-03-02", 4096, "RESERVED"),
    ("gcp/europe-west2/TPU7x", "2027-04-13", 3072, "COMMITTED"), ("oci/us-chicago-1/MI300X", "2027-05-18", 4096, "COMMITTED"),
    ("azure/japaneast/H100", "2027-06-15", 1024, "ON_DEMAND"),
]
