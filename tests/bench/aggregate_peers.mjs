// SPDX-License-Identifier: GPL-3.0-or-later
// The questions of `isobar-cli bench aggregate` put to DuckDB and to SQLite on the same rows, in one run, with ratios.
//   node tests/bench/aggregate_peers.mjs [--cli build/release/bin/isobar-cli] [--rows 100000000] [--repeats 3] [--no-sqlite]
// DuckDB (@duckdb/node-api) is installed into a temporary folder; SQLite is the sqlite3 program, on every tenth sampled
// minute, its times multiplied by ten. Two threads for Isobar and DuckDB; everything in memory; the fastest run counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const argument = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
};
const cli = argument('cli', 'build/release/bin/isobar-cli');
const rows = Number(argument('rows', 100_000_000));
const repeats = Number(argument('repeats', 3));
const series = 7600;
const minutes = Math.ceil(rows / series);
const from = 80 * 1440;
const to = 288 * 1440;

const fail = (message) => {
    console.error(`aggregate_peers: ${message}`);
    process.exit(1);
};

// --- Isobar ---------------------------------------------------------------------------------------------------------
const own = spawnSync(cli, ['bench', 'aggregate', '--only', 'samples', '--rows', String(rows), '--threads', '2',
    '--repeats', String(Math.max(5, repeats)), '--json'], { encoding: 'utf8', maxBuffer: 1 << 26 });
if (own.status !== 0) {
    fail(`${cli}: ${own.stderr || own.error}`);
}
const isobar = JSON.parse(own.stdout).samples;

// --- The same rows and questions in SQL -----------------------------------------------------------------------------
// Row i, as in app/isobar-cli/aggregate_bench.cpp: integer arithmetic, so every engine gets the same figures.
const columns = (i, div) => `((${i} ${div} ${series}) * 525600) ${div} ${minutes} AS minute,
    (${i} % ${series}) ${div} 40 AS pool, ${i} % 40 AS model,
    (((${i} * 2654435761) >> 8) % 10001) / 10000.0 AS utilization,
    (40000 + 1310720000 ${div} (256 + ((${i} * 2246822519) >> 7) % 65536)) / 1000000.0 AS ttft,
    (500000 + ((${i} * 3266489917) >> 9) % 9500000) / 1000000.0 AS cost`;
const three = ['utilization', 'ttft', 'cost'].map((m) => `sum(${m}) AS sum_${m}, avg(${m}), max(${m}) AS max_${m}`).join(', ');
const inRange = `minute >= ${from} AND minute < ${to}`;
const question = {
    pool_model: () => `SELECT pool, model, ${three} FROM s WHERE ${inRange} GROUP BY pool, model`,
    pool_model_p95: (p95) => p95(three),
    hour_pool: (p95, div) => `SELECT minute ${div} 60 AS hour, pool, avg(utilization), max(ttft) AS max_ttft,
        sum(cost) AS sum_cost FROM s GROUP BY hour, pool`,
    total: () => 'SELECT sum(cost) AS sum_cost FROM s',
};

// --- DuckDB ---------------------------------------------------------------------------------------------------------
const folder = join(tmpdir(), 'isobar-aggregate-peers');
if (!existsSync(join(folder, 'node_modules', '@duckdb', 'node-api'))) {
    mkdirSync(folder, { recursive: true });
    const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, '@duckdb/node-api'],
        { encoding: 'utf8' });
    if (npm.status !== 0) {
        fail(`npm install @duckdb/node-api: ${npm.stderr}`);
    }
}
const { DuckDBInstance } = createRequire(join(folder, 'package.json'))('@duckdb/node-api');
const duck = {};
{
    const database = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '3500MB' });
    const connection = await database.connect();
    duck.version = (await connection.runAndReadAll('SELECT version()')).getRows()[0][0];
    await connection.run(`CREATE TABLE s AS SELECT minute::INTEGER AS minute, pool::SMALLINT AS pool,
        model::SMALLINT AS model, utilization::FLOAT AS utilization, ttft::FLOAT AS ttft, cost::FLOAT AS cost
        FROM (SELECT ${columns('i', '//')} FROM range(${rows}) t(i))`);
    const p95 = (aggregates) => `SELECT pool, model, ${aggregates}, approx_quantile(ttft, 0.95) AS p95 FROM s
        WHERE ${inRange} GROUP BY pool, model`;
    for (const [name, sql] of Object.entries(question)) {
        let seconds = Infinity, cpu = Infinity;
        for (let i = 0; i < repeats; ++i) {
            const before = process.cpuUsage(), start = performance.now();
            await connection.run(sql(p95, '//'));
            seconds = Math.min(seconds, (performance.now() - start) / 1000);
            const used = process.cpuUsage(before);
            cpu = Math.min(cpu, (used.user + used.system) / 1e6);
        }
        // The answers must agree: sums within what FLOAT holds, quantiles within both engines' errors.
        const mine = isobar.questions.find((q) => q.name === name);
        const extra = name === 'total' ? '' : `, sum(max_ttft) AS max_ttft${name === 'pool_model_p95' ? ', avg(p95) AS p95' : ''}`;
        const check = (await connection.runAndReadAll(
            `SELECT count(*) AS groups, sum(sum_cost) AS cost${extra} FROM (${sql(p95, '//')})`)).getRowObjects()[0];
        const near = (what, a, b, tolerance) => {
            if (Math.abs(Number(a) - b) > tolerance * Math.abs(b)) {
                fail(`${name}: ${what} is ${a} in DuckDB, ${b} in Isobar`);
            }
        };
        near('number of groups', check.groups, mine.check.groups, 0);
        near('cost', check.cost, mine.check.cost.sum, 1e-6);
        if (check.max_ttft !== undefined) {
            near('sum of max TTFT', check.max_ttft, mine.check.ttft.sum_of_max, 1e-6);
        }
        if (check.p95 !== undefined) {
            near('p95 of TTFT', check.p95, mine.check.ttft.mean_of_p95, 0.05);
        }
        duck[name] = { seconds, cpu };
    }
    connection.closeSync();
    database.closeSync();
}

// --- SQLite ---------------------------------------------------------------------------------------------------------
const lite = {};
const scale = 10;
if (!process.argv.includes('--no-sqlite')) {
    const p95 = (aggregates) => `SELECT pool, model, ${aggregates},
        max(CASE WHEN rank <= (19 * n + 19) / 20 THEN ttft END) AS p95
        FROM (SELECT *, row_number() OVER (PARTITION BY pool, model ORDER BY ttft) AS rank,
              count(*) OVER (PARTITION BY pool, model) AS n FROM s WHERE ${inRange}) GROUP BY pool, model`;
    const sampled = Math.floor(minutes / scale) * series;
    const row = `((value / ${series}) * ${scale * series} + value % ${series})`;
    const script = `CREATE TABLE s(minute INTEGER, pool INTEGER, model INTEGER, utilization REAL, ttft REAL, cost REAL);
INSERT INTO s SELECT ${columns(row, '/')} FROM generate_series(0, ${sampled - 1});
.timer on
.output /dev/null
${Object.values(question).map((sql) => `${sql(p95, '/').replace(/\s+/g, ' ')};`).join('\n')}
`;
    const run = spawnSync('sqlite3', [':memory:'], { input: script, encoding: 'utf8', maxBuffer: 1 << 26 });
    if (run.status !== 0) {
        fail(`sqlite3: ${run.stderr || run.error}`);
    }
    const times = [...run.stdout.matchAll(/Run Time: real ([\d.]+) user ([\d.]+) sys ([\d.]+)/g)];
    Object.keys(question).forEach((name, i) => {
        lite[name] = { seconds: scale * Number(times[i][1]), cpu: scale * (Number(times[i][2]) + Number(times[i][3])) };
    });
}

// --- The table ------------------------------------------------------------------------------------------------------
const text = (x) => (x === undefined ? '-' : x >= 10 ? x.toFixed(0) : x >= 0.1 ? x.toFixed(2) : x.toPrecision(2));
console.log(`${rows} rows, 2 threads, memory read at ${isobar.read_gigabytes_per_second.toFixed(1)} GB/s, triad ${
    isobar.triad_gigabytes_per_second.toFixed(1)} GB/s; DuckDB ${duck.version}; seconds (and of processor time)`);
console.log('| question | Isobar, raw | share of memory bandwidth | Isobar, roll-ups | DuckDB | ratio | SQLite | ratio |');
console.log('|---|---|---|---|---|---|---|---|');
for (const q of isobar.questions) {
    const d = duck[q.name], s = lite[q.name];
    const ratio = (peer) => (peer === undefined ? '-' : `${text(peer.seconds / q.seconds)} (${text(peer.cpu / q.cpu_seconds)})`);
    console.log(`| ${q.name} | ${text(q.seconds)} (${text(q.cpu_seconds)}) | ${
        (100 * q.share_of_bandwidth_ratio).toFixed(0)} % | ${text(q.rollup_seconds)} | ${text(d.seconds)} (${text(d.cpu)}) | ${
        ratio(d)} | ${s === undefined ? '-' : `${text(s.seconds)} (${text(s.cpu)})`} | ${ratio(s)} |`);
}
