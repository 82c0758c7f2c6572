#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes sample_fleet.textproto: public facts (facts.py) and an invented lab (invented.py) in one fleet document.

    make_sample.py FACTS CONFIGS            write the document beside this script
    make_sample.py FACTS CONFIGS --check    write nothing; print chips, spend, demand and estimated utilization

FACTS is a folder with regions.csv, accelerators.csv, prices.csv, rtt_ms.csv, egress_usd_per_gb.csv,
region_accelerators.csv and commitments_public.csv; CONFIGS one with the models' config.json files.
"""
import collections
import json
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "calibration")]
import facts as public  # noqa: E402
import invented  # noqa: E402
import serving_model  # noqa: E402

INVENTED = ("isobar-sample", "INVENTED")
UNLISTED = ("isobar-sample-unlisted", "INVENTED")
FULL_BATCH_ITL = 0.6  # replicas are sized so that a full batch takes 60 % of the tightest promise between tokens
BATCHES = [8, 12, 16, 24, 32, 48, 64]  # and no more than 64, so that prompts in between stay bearable
PRICING = ["RESERVED", "COMMITTED", "ON_DEMAND", "SPOT"]


class Sample:
    def __init__(self, facts):
        self.facts = facts
        self.chips = {a["name"]: a for a in facts.accelerators}
        self.models = {m["name"]: m for m in facts.models}
        self.coefficients = serving_model.read_coefficients(HERE.parent / "calibration" / "coefficients.textproto")
        self.prices = facts.prices + self.contracted_prices()
        self.pools = [self.pool(*p) for p in invented.POOLS]
        self.by_key = {p["key"]: p for p in self.pools}
        self.placements = [x for p in self.pools for x in self.place(p)]
        self.workloads = self.size_workloads()

    def contracted_prices(self):
        def row(provider, accelerator, pricing, usd, note):
            return dict(provider=provider, region="", accelerator=accelerator, pricing=pricing, usd=usd, instance="",
                        provenance=INVENTED, note=note)
        out = []
        for (provider, accelerator), rates in invented.CONTRACTED.items():
            for pricing, usd in zip(("RESERVED", "COMMITTED"), rates):
                out.append(row(provider, accelerator, pricing, usd, "the lab's contracted rate"))
        for (provider, accelerator), rates in invented.UNPUBLISHED.items():
            for pricing, usd in zip(("ON_DEMAND", "SPOT"), rates):
                out.append(row(provider, accelerator, pricing, usd, "no public price was found"))
        return out

    def pool(self, region, accelerator, chips, percent, others, fill, models):
        split = [round(chips * p / 100 / 8) * 8 for p in percent]
        split[0] += chips - sum(split)
        # CoreWeave and Oracle list their chips without saying where; that counts as offered.
        offered = ((region, accelerator) in self.facts.offers
                   or any(p["provider"] == region.split("/")[0] and p["region"] in ("", region)
                          and p["accelerator"] == accelerator for p in self.facts.prices))
        return dict(key=f"{region}/{accelerator}", region=region, accelerator=accelerator, chips=split, others=others,
                    fill=fill, models=models, provenance=INVENTED if offered else UNLISTED)

    def usable(self, pool):
        return int(sum(pool["chips"]) * (1 - pool["others"]) + 1e-9)

    def lengths(self, model):
        """Mean input and output tokens of a model's requests, weighted by work; and its tightest promise between
        tokens among workloads with a tenth of the work or more."""
        rows = [w for w in invented.WORKLOADS if w[1] == model]
        itl = min(invented.TIERS[w[2]][2] for w in rows if w[9] >= 0.1)
        return sum(w[3][0] * w[9] for w in rows), sum(w[4][0] * w[9] for w in rows), itl

    def place(self, pool):
        training = sum(t[2] for t in invented.TRAINING if t[1] == pool["key"])
        serving = (self.usable(pool) - training) * pool["fill"]
        for model, share in pool["models"]:
            ways, precision = invented.SHAPES[model, pool["accelerator"]]
            replica = serving_model.Replica(self.models[model], self.chips[pool["accelerator"]], precision, ways,
                                            self.coefficients, pool["accelerator"])
            assert self.chips[pool["accelerator"]]["runtime_family"] in self.models[model]["runtimes"], pool["key"]
            tokens_in, tokens_out, itl = self.lengths(model)
            good = [b for b in BATCHES if replica.itl(b, tokens_in, tokens_out) <= FULL_BATCH_ITL * itl]
            if replica.kv_capacity < 4 * (tokens_in + tokens_out):
                raise SystemExit(f"make_sample: {model} does not fit {pool['key']} {ways} ways {precision}")
            batch = good[-1] if good else BATCHES[0]
            yield dict(key=f"{model.lower()}@{pool['key']}", model=model, pool=pool["key"],
                       replicas=int(serving * share / ways), ways=ways, precision=precision, batch=batch, replica=replica,
                       slow=not good)

    def work(self, placement, w):
        return placement["replica"].work_seconds(placement["batch"], w[3][0], w[4][0])

    def size_workloads(self):
        """Rates such that each model's replicas are busy for TARGET_UTILIZATION of the time on average."""
        out = []
        for w in invented.WORKLOADS:
            homes = [p for p in self.placements if p["model"] == w[1]]
            capacity = sum(p["replicas"] / self.work(p, w) for p in homes)  # requests/s if it had all replicas
            rate = capacity * invented.TARGET_UTILIZATION[w[1]] * w[9]
            step = 10 ** max(0, len(str(int(rate))) - 2)
            weights = invented.PROFILES[w[5]]
            shares = {a[0]: x / sum(weights) for a, x in zip(invented.AREAS, weights) if x}
            out.append(dict(row=w, rate=float(max(step, round(rate / step) * step)), shares=shares))
        return out

    def price_of(self, pool, pricing):
        """As model/fleet/lookup.h documents, as far as this fleet needs it."""
        provider = pool["region"].split("/")[0]
        rows = [p for p in self.prices if p["accelerator"] == pool["accelerator"] and p["pricing"] == pricing]
        for region in (pool["region"], ""):
            exact = [p["usd"] for p in rows if p["provider"] == provider and p["region"] == region]
            if exact:
                return min(exact)
        for candidates in ([p for p in rows if p["provider"] == provider], ):
            if candidates:
                return statistics.median_low([p["usd"] for p in candidates])
        if pricing == "SPOT":
            return self.price_of(pool, "ON_DEMAND") * 0.3
        return statistics.median_low([p["usd"] for p in rows])


# --- output ----------------------------------------------------------------------------------------------------------

def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


class Enum(str):
    """A name that is written without quotes."""


def message(**fields):
    parts = []
    for name, value in fields.items():
        if value is None or value == "" or (value is False) or (isinstance(value, (int, float)) and value == 0
                                                                and name not in KEEP_ZERO):
            continue  # proto3: absent means this
        for v in value if isinstance(value, list) else [value]:
            if isinstance(v, Enum):
                parts.append(f"{name}: {v}")
            elif isinstance(v, tuple):
                parts.append(f'{name} {{ source: "{v[0]}" basis: {v[1]} }}')
            elif isinstance(v, dict):
                parts.append(f"{name} {{ {message(**v)} }}")
            else:
                parts.append(f"{name}: {text(v)}")
    return " ".join(parts)


KEEP_ZERO = {"grid_grams_co2e_per_kwh", "carbon_free_energy_ratio", "value_usd"}  # optional fields: 0 is a value

HEAD = """\
# proto-file: isobar/v1/fleet.proto
# proto-message: isobar.v1.Fleet
#
# Isobar's sample fleet. Written by resources/sample/make_sample.py; change that, not this.
#
# Real, with source, date and basis: regions, accelerator datasheets, list prices, round trips, egress, grid carbon,
# model architectures and their token prices, the five public commitments.
# Invented, source "isobar-sample": the lab itself, hence its pools, placements, contracted rates, demand, training,
# arrivals and service levels. "isobar-sample-unlisted" marks a pool whose chip was not found on offer in its region.
# Nothing invented is a statement about any company. docs/sample-fleet.md tells more.
"""


def document(s):
    f = s.facts
    lines = [HEAD, 'name: "Sample fleet"', 'data_date: "2026-11-22"', 'start_time_utc: "2026-11-22T14:00:00Z"',
             "simulated: true"]

    def section(field, rows):
        lines.append("")
        lines.extend(f"{field} {{ {message(**row)} }}" for row in rows)

    date = "2026-11-22"
    sources = [dict(key=k, title=t, date=d) for k, (t, d) in sorted(f.used.items())]
    sources += [dict(key=INVENTED[0], title="Invented for the sample fleet; not a statement about any company", date=date),
                dict(key=UNLISTED[0], title="Invented for the sample fleet; that the provider offers this chip in this "
                                            "region was not found in public data", date=date)]
    section("sources", sources)
    section("providers", [dict(key=k, name=n) for k, n in public.PROVIDERS])
    section("regions", [dict(
        key=r["key"], display_name=r["display_name"], location=r["location"], country_iso2=r["country_iso2"],
        residency_zone=r["residency_zone"], latitude=r["latitude"], longitude=r["longitude"],
        grid_grams_co2e_per_kwh=r["grid"], carbon_free_energy_ratio=r["cfe"], pue_ratio=r["pue_ratio"],
        rtt_proxy=r["rtt_proxy"], place=r["place"], carbon=r["carbon"], pue=r["pue"]) for r in f.regions])
    section("accelerators", [dict(
        name=a["name"], vendor=a["vendor"], runtime_family=a["runtime_family"], bf16_flops_per_second=a["bf16"],
        fp8_flops_per_second=a["fp8"], hbm_bytes=a["hbm"], hbm_bytes_per_second=a["bandwidth"],
        interconnect_bytes_per_second=a["interconnect"], tdp_watts=a["tdp"], compute=a["compute"], memory=a["memory"],
        power=a["power"], interconnect=a["link"], note=a["note"]) for a in f.accelerators])
    section("models", [dict(
        name=m["name"], layers=m["layers"], hidden_size=m["hidden"], attention_heads=m["heads"], kv_heads=m["kv_heads"],
        head_dimension=m["head_dim"], total_parameters=m["total"], active_parameters=m["active"], experts=m["experts"],
        experts_per_token=m["experts_per_token"], expert_parameters=m["expert_parameters"],
        kv_values_per_token=m["kv_values"], runtimes=m["runtimes"], usd_per_million_input_tokens=m["price_in"],
        usd_per_million_output_tokens=m["price_out"], architecture=m["architecture"], price=m["price"])
        for m in f.models])
    section("tiers", [dict(name=n, ttft_seconds=t, itl_seconds=i, priority=p, provenance=INVENTED)
                      for n, t, i, p in invented.TIERS])
    section("pools", [dict(
        key=p["key"], region=p["region"], accelerator=p["accelerator"], reserved_chips=p["chips"][0],
        committed_chips=p["chips"][1], on_demand_chips=p["chips"][2], spot_chips=p["chips"][3],
        other_tenant_ratio=p["others"], provenance=p["provenance"]) for p in s.pools])
    section("placements", [dict(
        key=p["key"], model=p["model"], pool=p["pool"], replicas=p["replicas"], tensor_parallel=p["ways"],
        precision=Enum(p["precision"]), max_batch=p["batch"], provenance=INVENTED) for p in s.placements])
    azure = [r for r in f.regions if r["key"].startswith("azure/")]
    section("areas", [dict(
        name=n, residency_zone=z, latitude=lat, longitude=lon, utc_offset_hours=float(offset),
        rtt_proxy=min(azure, key=lambda r: public.kilometres((lat, lon), (r["latitude"], r["longitude"])))["key"],
        provenance=INVENTED) for n, z, lat, lon, offset in invented.AREAS])

    def length(spec):
        return dict(mean=float(spec[0]), coefficient_of_variation=spec[1], maximum=spec[2])
    section("workloads", [dict(
        name=w["row"][0], model=w["row"][1], tier=invented.TIERS[w["row"][2]][0], mean_requests_per_second=w["rate"],
        diurnal_amplitude=w["row"][6], peak_local_hour=float(w["row"][7]), burstiness=float(w["row"][8]),
        input_tokens=length(w["row"][3]), output_tokens=length(w["row"][4]),
        area_shares=[dict(area=a, share=x) for a, x in w["shares"].items()], residency_bound=w["row"][10],
        provenance=INVENTED) for w in s.workloads])
    section("prices", [dict(
        provider=p["provider"], region=p["region"], accelerator=p["accelerator"], pricing=Enum(p["pricing"]),
        usd_per_chip_hour=p["usd"], instance_type=p["instance"], provenance=p["provenance"], note=p["note"])
        for p in s.prices])
    section("links", [{"from": k["a"], "to": k["b"], "rtt_seconds": k["seconds"], "provenance": k["provenance"]}
                      for k in f.links])
    section("egress_prices", [{"from": e["a"], "to": e["b"], "usd_per_gigabyte": e["usd"],
                               "provenance": e["provenance"]} for e in f.egress])
    section("commitments", [dict(
        provider=c["provider"], kind=c["kind"], value_usd=c["usd"], term_years=c["years"], capacity=c["capacity"],
        start=c["start"], ramp=c["ramp"], provenance=c["provenance"]) for c in f.commitments])
    section("arrivals", [dict(pool=p, date=d, chips=n, pricing=Enum(m), provenance=INVENTED)
                         for p, d, n, m in invented.ARRIVALS])
    section("training_jobs", [dict(name=n, pool=p, chips=c, checkpoint_seconds=t, provenance=INVENTED)
                              for n, p, c, t in invented.TRAINING])
    return "\n".join(lines) + "\n"


# --- check -----------------------------------------------------------------------------------------------------------

def spread(s, at_utc_hour=None):
    """Work of every placement if each area's requests go to the nearest replicas and spill at 90 % to the next."""
    import math
    busy = collections.Counter()
    lost = 0.0
    place = {r["key"]: (r["latitude"], r["longitude"], r["residency_zone"]) for r in s.facts.regions}
    for w in s.workloads:
        row = w["row"]
        for name, zone, lat, lon, offset in invented.AREAS:
            rate = w["rate"] * w["shares"].get(name, 0)
            if at_utc_hour is not None:
                rate *= 1 + row[6] * math.cos(2 * math.pi * (at_utc_hour + offset - row[7]) / 24)
            homes = [p for p in s.placements if p["model"] == row[1]]
            if row[10]:
                homes = [p for p in homes if place[s.by_key[p["pool"]]["region"]][2] == zone]
            homes.sort(key=lambda p: public.kilometres((lat, lon), place[s.by_key[p["pool"]]["region"]][:2]))
            for p in homes:
                free = 0.9 * p["replicas"] - busy[p["key"]]
                take = min(rate, max(0.0, free) / s.work(p, row))
                busy[p["key"]] += take * s.work(p, row)
                rate -= take
            lost += rate
    return busy, lost


def check(s):
    chips, spend, used, serving = (collections.Counter() for _ in range(4))
    for pool in s.pools:
        provider = pool["region"].split("/")[0]
        chips[provider] += sum(pool["chips"])
        spend[provider] += 24 * sum(n * s.price_of(pool, m) for n, m in zip(pool["chips"], PRICING) if n)
    for p in s.placements:
        serving[p["pool"].split("/")[0]] += p["replicas"] * p["ways"]
    total = sum(spend.values())
    regions = {p["region"] for p in s.pools}
    print(f"{sum(chips.values()):,} chips, {len(s.pools)} pools in {len(regions)} regions, {len(s.placements)} placements, "
          f"{sum(p['replicas'] for p in s.placements):,} replicas, {len(s.prices)} prices")
    print(f"spend ${total / 1e6:.2f} M/day; requests {sum(w['rate'] for w in s.workloads):,.0f}/s")
    for hour in (None, 14, 20, 2, 8):
        busy, lost = spread(s, hour)
        used.clear()
        for p in s.placements:
            used[p["pool"].split("/")[0]] += busy[p["key"]] * p["ways"]
        whole = sum(used.values()) / sum(serving.values())
        print(f"{'mean' if hour is None else f'{hour:02d} UTC'}: utilization {whole:.2f}, {lost:,.0f}/s beyond 90 %; "
              + ", ".join(f"{k} {used[k] / serving[k]:.2f}" for k, _ in public.PROVIDERS))
    for k, name in public.PROVIDERS:
        print(f"  {name}: {chips[k]:,} chips, {serving[k]:,} serving, {spend[k] / total:.1%} of spend")
    busy, _ = spread(s)
    by_region = collections.defaultdict(lambda: [0.0, 0.0])
    for p in s.placements:
        r = by_region[s.by_key[p["pool"]]["region"]]
        r[0] += busy[p["key"]] * p["ways"]
        r[1] += p["replicas"] * p["ways"]
    print("regions: " + ", ".join(f"{k} {a / b:.2f}" for k, (a, b) in sorted(by_region.items(), key=lambda x: -x[1][0] / x[1][1])))
    for w in s.workloads:
        homes = [p for p in s.placements if p["model"] == w["row"][1]]
        mean = sum(s.work(p, w["row"]) * p["replicas"] * p["ways"] for p in homes) / sum(p["replicas"] for p in homes)
        print(f"  {w['row'][0]:22} {w['row'][1]:18} {w['rate']:8,.0f}/s {mean:7.2f} chip-seconds a request")
    for p in s.placements:
        tokens_in, tokens_out, itl = s.lengths(p["model"])
        if p["slow"] or p["batch"] <= 16:
            print(f"  slow: {p['key']} batch {p['batch']}, itl {p['replica'].itl(p['batch'], tokens_in, tokens_out):.3f}"
                  f" against {itl}")


def main(arguments):
    paths = [a for a in arguments if a != "--check"]
    if len(paths) != 2:
        raise SystemExit(__doc__)
    sample = Sample(public.Facts(*paths))
    if "--check" in arguments:
        check(sample)
    else:
        (HERE / "sample_fleet.textproto").write_text(document(sample), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
