// SPDX-License-Identifier: GPL-3.0-or-later
// Makes base_map.bin from world-atlas (Natural Earth 1:50m). How to run: README.md beside this file.
// The format is described in ui/map/base_map.h, which reads it.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const out = process.argv[2] ?? "base_map.bin";
const require = createRequire(join(process.cwd(), "here.js"));
const topojson = require("topojson-client");
const read = (name) => JSON.parse(readFileSync(require.resolve(`world-atlas/${name}`), "utf8"));
const landTopology = read("land-50m.json");
const countryTopology = read("countries-50m.json");

const kVersion = 1;
const kQuantum = 32767 / 180; // steps a degree, for longitude and latitude alike: 0.0055 degrees, about 600 m

/** Makes longitudes continuous: a step of more than 180 degrees is a step the other way round the world. */
function unwrap(points) {
  const result = [points[0].slice()];
  for (let i = 1; i < points.length; ++i) {
    const previous = result[i - 1][0];
    let longitude = points[i][0];
    while (longitude - previous > 180) longitude -= 360;
    while (longitude - previous < -180) longitude += 360;
    result.push([longitude, points[i][1]]);
  }
  return result;
}

/** An open ring without jumps; one that goes once round the world (Antarctica) is closed over its pole. */
function openRing(ring) {
  const points = unwrap(ring);
  const turn = points[points.length - 1][0] - points[0][0];
  points.pop();
  if (Math.abs(turn) > 180) {
    const pole = points[0][1] < 0 ? -90 : 90;
    const start = points[0];
    points.push([start[0] + turn, start[1]], [start[0] + turn, pole], [start[0], pole]);
  }
  return points;
}

/** The part of a closed ring on one side of a meridian (Sutherland-Hodgman). */
function clipRing(points, meridian, keepBelow) {
  const inside = (p) => (keepBelow ? p[0] <= meridian : p[0] >= meridian);
  const result = [];
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length];
    if (inside(p)) result.push(p);
    if (inside(p) !== inside(q)) {
      const t = (meridian - p[0]) / (q[0] - p[0]);
      result.push([meridian, p[1] + t * (q[1] - p[1])]);
    }
  });
  return result;
}

/** Long edges get points in between, so that they follow the projected meridian or parallel. */
function densify(points, closed) {
  const result = [];
  points.forEach((p, i) => {
    result.push(p);
    if (!closed && i + 1 === points.length) return;
    const q = points[(i + 1) % points.length];
    const steps = Math.ceil(Math.max(Math.abs(q[0] - p[0]) / 6, Math.abs(q[1] - p[1]) / 3));
    for (let s = 1; s < steps; ++s) result.push([p[0] + ((q[0] - p[0]) * s) / steps, p[1] + ((q[1] - p[1]) * s) / steps]);
  });
  return result;
}

const quantise = (points) =>
  points
    .map(([longitude, latitude]) => [Math.round(longitude * kQuantum), Math.round(latitude * kQuantum)])
    .filter((p, i, all) => i === 0 || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]);

/** A ring without jumps, cut into the pieces that lie between 180 west and 180 east; quantised. */
const pieces = (ring) =>
  [-360, 0, 360]
    .map((shift) => ring.map(([x, y]) => [x + shift, y]))
    .map((shifted) => clipRing(clipRing(shifted, 180, true), -180, false))
    .filter((piece) => piece.length >= 3)
    .map((piece) => quantise(densify(piece, true)))
    .filter((piece) => piece.length >= 3 && new Set(piece.map((p) => p[0])).size > 1);

const box = (ring) => {
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};
const within = (inner, outer) =>
  inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];

const land = [];
const geometry = topojson.feature(landTopology, landTopology.objects.land);
const polygons = geometry.features
  ? geometry.features.flatMap((f) => (f.geometry.type === "Polygon" ? [f.geometry.coordinates] : f.geometry.coordinates))
  : geometry.geometry.coordinates;
for (const polygon of polygons) {
  // Unwrapped, a ring may lie a turn away from its holes: each is brought home by itself, then they meet again.
  // The ring along the pole is no lake: it is what stitching left of the edge that Antarctica was closed with.
  const rings = polygon.filter((ring) => ring.some(([, y]) => Math.abs(y) < 89.9));
  const [outlines, ...holes] = rings.map((ring) => pieces(openRing(ring)));
  const home = outlines.map((outline) => [outline]);
  for (const hole of holes.flat()) {
    const owner = home.find(([outline]) => within(box(hole), box(outline)));
    if (!owner) throw new Error("a lake without land around it");
    owner.push(hole);
  }
  land.push(...home);
}

const borders = [];
const mesh = topojson.mesh(countryTopology, countryTopology.objects.countries, (a, b) => a !== b);
for (const line of mesh.coordinates) {
  let piece = [line[0]];
  for (let i = 1; i < line.length; ++i) {
    if (Math.abs(line[i][0] - line[i - 1][0]) > 180) {
      if (piece.length > 1) borders.push(quantise(piece));
      piece = [];
    }
    piece.push(line[i]);
  }
  if (piece.length > 1) borders.push(quantise(densify(piece, false)));
}

const bytes = [];
const varint = (value) => {
  while (value >= 0x80) {
    bytes.push((value & 0x7f) | 0x80);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
};
const zigzag = (value) => varint(value < 0 ? -2 * value - 1 : 2 * value);
let totalPoints = 0;
const points = (list) => {
  varint(list.length);
  totalPoints += list.length;
  let x = 0;
  let y = 0;
  for (const [px, py] of list) {
    zigzag(px - x);
    zigzag(py - y);
    [x, y] = [px, py];
  }
};
for (const polygon of land) {
  varint(polygon.length);
  polygon.forEach(points);
}
const lines = borders.filter((line) => line.length > 1);
lines.forEach(points);

const payload = Buffer.from(bytes);
let checksum = 0x811c9dc5; // FNV-1a, 32 bits
for (const byte of payload) checksum = Math.imul(checksum ^ byte, 0x01000193) >>> 0;
const header = Buffer.alloc(28);
header.write("ISOBMAP", 0, "latin1");
header.writeUInt8(kVersion, 7);
header.writeUInt32LE(land.length, 8);
header.writeUInt32LE(lines.length, 12);
header.writeUInt32LE(totalPoints, 16);
header.writeUInt32LE(payload.length, 20);
header.writeUInt32LE(checksum, 24);
writeFileSync(out, Buffer.concat([header, payload]));
console.log(`${out}: ${land.length} polygons, ${lines.length} borders, ${totalPoints} points, ` +
  `${header.length + payload.length} bytes`);
