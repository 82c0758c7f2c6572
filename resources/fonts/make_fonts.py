#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the three faces that Isobar carries from Debian's fonts-inter (SIL Open Font License 1.1).

    apt-get install fonts-inter python3-fonttools
    /usr/bin/python3 resources/fonts/make_fonts.py [folder with Inter-*.otf]

What it changes, and why:
- only the characters an interface in a Latin script needs are kept, so three faces stay under 400 kB;
- digits and , . : ; are the tabular alternates by default, because Qt 6.4 cannot switch on an OpenType feature and
  a figure that ticks must not jump;
- contextual alternates are dropped: they would show "->" in a query as an arrow;
- small triangles and the multiplication cross, which Inter lacks, are made from its large ones;
- outlines become quadratic, and the family is renamed so that an installed Inter is never mixed in.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

FAMILY = "Isobar Inter"
FACES = {"Regular": 400, "Medium": 500, "SemiBold": 600}
TABULAR = "0123456789,.:;"
MAX_ERROR = 1.0  # font units, of 2816 to the em: invisible

RANGES = [
    (0x20, 0x7E),  # Basic Latin
    (0xA0, 0xFF),  # Latin-1 Supplement
    (0x100, 0x17F),  # Latin Extended-A
    (0x218, 0x21B),  # Romanian comma below
    (0x2C6, 0x2DD),  # spacing accents
    (0x300, 0x304),  # combining grave, acute, circumflex, tilde, macron
    (0x386, 0x3CE),  # Greek
    (0x2000, 0x206F),  # General Punctuation, with the narrow and thin spaces
    (0x2070, 0x209C),  # superscripts and subscripts: CO₂
]
EXTRA = "€₹™ℓΩ℮←↑→↓↔↕↗↘↙↖−×÷±≤≥≠≈∞ΣΔ∂∑∏√∫%‰⅓⅔⅛⅜⅝⅞▲▼◀▶△▽◆◇●○■□◯✓✗⌘⌥⇧⌫⏎"
# new character: (made from, scale about the middle of the capitals)
SMALL = {"▸": ("▶", 0.62), "▾": ("▼", 0.62), "◂": ("◀", 0.62), "▴": ("▲", 0.62), "✕": ("×", 1.0)}


def wanted(cmap):
    points = {c for low, high in RANGES for c in range(low, high + 1)} | {ord(c) for c in EXTRA}
    return sorted(points & set(cmap))


def tabular_map(font):
    """Glyph name -> tabular alternate, from the font's own tnum feature."""
    table = font["GSUB"].table
    found = {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for sub in table.LookupList.Lookup[index].SubTable:
                    found.update(getattr(sub, "ExtSubTable", sub).mapping)
    return found


def remap(font):
    tabular = tabular_map(font)
    for table in font["cmap"].tables:
        for character in TABULAR:
            if ord(character) in table.cmap:
                glyph = table.cmap[ord(character)]  # two tables may share one dictionary
                table.cmap[ord(character)] = tabular.get(glyph, glyph)
    # Interpolated faces round each digit on its own: up to two units of 2816 apart.
    digits = [font.getBestCmap()[ord(d)] for d in "0123456789"]
    width = max(font["hmtx"][glyph][0] for glyph in digits)
    for glyph in digits:
        font["hmtx"][glyph] = (width, font["hmtx"][glyph][1])


def cut(font):
    options = subset.Options()
    options.layout_features = ["kern", "ccmp", "locl", "mark", "mkmk"]
    options.name_IDs = ["*"]
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = False
    options.desubroutinize = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted(font.getBestCmap()))
    cutter.subset(font)


def quadratic(font):
    """CFF outlines to glyf, plus the made-up small shapes."""
    glyphs = font.getGlyphSet()
    cmap = font.getBestCmap()
    order = list(font.getGlyphOrder())
    drawn = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
        drawn[name] = pen.glyph()
    for character, (source, scale) in SMALL.items():
        base = cmap[ord(source)]
        name = f"uni{ord(character):04X}"
        pen = TTGlyphPen(None)
        width, middle = font["hmtx"][base][0], font["OS/2"].sCapHeight / 2
        move = (scale, 0, 0, scale, 0, middle * (1 - scale))
        glyphs[base].draw(TransformPen(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True), move))
        drawn[name] = pen.glyph()
        order.append(name)
        font["hmtx"][name] = (round(width * scale), 0)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[ord(character)] = name
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]
    font.setGlyphOrder(order)
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder = order
    glyf.glyphs = drawn
    for name in order:
        glyf[name].recalcBounds(glyf)
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyf[name], "xMin", 0))
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for key in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                "maxStackElements", "maxSizeOfInstructions", "maxComponentElements"):
        setattr(maxp, key, 1 if key == "maxZones" else 0)
    font["post"].formatType = 3.0  # no glyph names: nobody reads them
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\x00\x01\x00\x00"


def rename(font, style, weight):
    name = font["name"]
    copyright_line = name.getDebugName(0)
    trademark = name.getDebugName(7)
    version = name.getDebugName(5).split(";")[0]
    name.names = []
    for number, text in {
        0: copyright_line,
        1: FAMILY,
        2: style,
        3: f"{FAMILY} {style} {version}",
        4: f"{FAMILY} {style}",
        5: f"{version}, modified for Isobar: subset, tabular figures, quadratic outlines",
        6: f"IsobarInter-{style}",
        7: trademark,
        13: "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
        14: "https://openfontlicense.org",
    }.items():
        name.setName(text, number, 3, 1, 0x409)
    os2 = font["OS/2"]
    os2.usWeightClass = weight
    os2.fsSelection = (os2.fsSelection & ~0x61) | (0x40 if weight == 400 else 0)
    font["head"].macStyle = 0


def main():
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/inter")
    target = Path(__file__).resolve().parent
    total = 0
    for style, weight in FACES.items():
        font = TTFont(source / f"Inter-{style}.otf", recalcTimestamp=False)
        remap(font)
        cut(font)
        quadratic(font)
        rename(font, style, weight)
        path = target / f"Inter-{style}.ttf"
        font.save(path)
        total += path.stat().st_size
        digits = {font["hmtx"][font.getBestCmap()[ord(d)]][0] for d in "0123456789"}
        assert len(digits) == 1, f"{path.name}: digits differ in width: {digits}"
        print(f"{path.name}: {path.stat().st_size:,} bytes, {len(font.getGlyphOrder())} glyphs")
    assert total < 400_000, f"{total:,} bytes is too much to carry"


if __name__ == "__main__":
    main()
