/** Tables that fit a terminal: who gives way, and that what must stay whole does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import stringWidth from "string-width";
import { shortened, textTable } from "../../src/base/text-table.ts";

const columns = [
  { title: "name", cut: "end" },
  { title: "address" },
  { title: "hash", cut: "middle", widthMin: 8 },
] as const;
const row = [
  "a rather long name of a node",
  "aurex1qqqqqqqqqqqqqqqqqqqqqqqq",
  "0123456789abcdef0123456789abcdef",
];

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

describe("textTable", () => {
  it("cuts nothing if no width is given", () => {
    const text = textTable(columns, [row]);
    for (const cell of row) assert.ok(text.includes(cell));
  });

  for (const width of [100, 80, 70, 60]) {
    it(`fits ${width} columns, and keeps whole what must stay whole`, () => {
      const text = textTable(columns, [row], width);
      assert.ok(widest(text) <= width, text);
      assert.ok(text.includes(row[1] as string));
    });
  }

  it("does not cut below the least width of a column, even if the table is then too wide", () => {
    const lines = textTable(columns, [row], 10).split("\n");
    assert.match(lines[2] ?? "", /^ {2}a rat… +aurex1q+ +0123…def$/);
  });

  it("puts numbers at the right", () => {
    const text = textTable([{ title: "height", right: true }, "hash"], [["7", "ab"]]);
    assert.equal(text, "  height  hash\n  ------  ----\n       7  ab\n");
  });

  it("counts characters of two columns as two", () => {
    const text = textTable(
      ["name", "role"],
      [
        ["節点一号", "miner"],
        ["b", "miner"],
      ],
    );
    const [, , first, second] = text.split("\n") as [string, string, string, string];
    const startOf = (line: string) => stringWidth(line.slice(0, line.indexOf("miner")));
    assert.equal(startOf(first), startOf(second));
  });

  it("lets no stranger's name move the cursor", () => {
    const text = textTable(["name"], [["evil\u001b[2J\nname"]]);
    assert.ok(!text.includes("\u001b"));
    assert.equal(text.split("\n").length, 4);
  });
});

describe("shortened", () => {
  it("marks what is missing", () => {
    assert.equal(shortened("0123456789", 6, "end"), "01234…");
    assert.equal(shortened("0123456789", 6, "middle"), "012…89");
    assert.equal(shortened("0123456789", 6, "never"), "0123456789");
    assert.equal(shortened("012345", 6, "end"), "012345");
  });
});
