/** docs/security.md names the bounds of the code: each name stands in the file behind it, and each link leads somewhere. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const docs = new URL("../../docs/", import.meta.url);
const src = new URL("../../src/", import.meta.url);
const page = readFileSync(new URL("security.md", docs), "utf8");

describe("docs/security.md", () => {
  it("names, in each row of what is bounded, what stands in the file behind it", () => {
    const [, section = ""] = page.split("## What is bounded\n");
    const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\|.*\| `(\w+)` in `([^`]+)` \|$/gm)];
    assert.ok(rows.length > 15);
    for (const [row, name = "", file = ""] of rows) {
      const text = readFileSync(new URL(file, src), "utf8");
      assert.ok(new RegExp(`\\b${name}\\b`).test(text), row);
    }
  });

  it("links to files that are there", () => {
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string);
    assert.ok(links.length >= 7);
    for (const link of links) assert.ok(existsSync(new URL(link, docs)), link);
  });
});
