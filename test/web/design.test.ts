/** The page's colours, sizes and times: one name each, as docs/design.md has them, and every text readable on its ground. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  contrast,
  otherStylesheets,
  type Pair,
  pageSources,
  pairsInRules,
  readDesignPage,
  readTokens,
} from "./design-tokens.ts";

const tokens = readTokens();
const isColour = (value: string) => value.startsWith("#");
const coloursOf = (from: ReadonlyMap<string, string>) => [...from].filter(([, value]) => isColour(value));
const appearances = [
  ["light", tokens.light],
  ["dark", new Map([...tokens.light, ...tokens.dark])],
] as const;

/** WCAG 2.2, AA: for text, and for what one has to see to use something. */
const textMin = 4.5;
const shapeMin = 3;

const grounds = ["--ground", "--surface", "--surface-raised", "--surface-sunken"];
const softGrounds = ["--accent-soft", "--good-soft", "--warn-soft", "--bad-soft"];
const on = (text: string, places: readonly string[]): Pair[] =>
  places.map((ground) => ({ text, ground, where: "docs/design.md" }));
const textPairs: Pair[] = [
  ...on("--text", [...grounds, ...softGrounds]),
  ...on("--text-soft", [...grounds, ...softGrounds]),
  ...on("--accent", [...grounds, "--accent-soft"]),
  ...on("--accent-strong", [...grounds, "--accent-soft"]),
  ...on("--text-on-accent", ["--accent", "--accent-strong"]),
  ...["good", "warn", "bad"].flatMap((name) => on(`--${name}`, [...grounds, `--${name}-soft`])),
];
const shapePairs: Pair[] = [
  ...on("--line-strong", ["--ground", "--surface"]),
  ...on("--accent", grounds),
  ...[1, 2, 3, 4, 5, 6].flatMap((mark) => on(`--mark-${mark}`, grounds)),
];

function tooWeak(pairs: readonly Pair[], colours: ReadonlyMap<string, string>, least: number): string[] {
  return pairs.flatMap(({ text, ground, where }) => {
    const [front, back] = [text, ground].map((name) => colours.get(name));
    assert.ok(front && back, `${where}: ${text} on ${ground}`);
    const ratio = contrast(front, back);
    return ratio < least ? [`${text} on ${ground}: ${ratio.toFixed(2)} (${where})`] : [];
  });
}

describe("the page's tokens", () => {
  it("have the same dark appearance by the system's wish and by choice, for every colour", () => {
    assert.deepEqual(tokens.dark, tokens.chosenDark);
    const light = coloursOf(tokens.light).map(([name]) => name);
    assert.ok(light.length > 20);
    assert.deepEqual(
      coloursOf(tokens.dark).map(([name]) => name),
      light,
    );
  });

  for (const [name, colours] of appearances) {
    it(`make every text readable in the ${name} appearance`, () => {
      assert.deepEqual(tooWeak(textPairs, colours, textMin), []);
    });

    it(`make what one uses visible in the ${name} appearance`, () => {
      assert.deepEqual(tooWeak(shapePairs, colours, shapeMin), []);
    });

    it(`make the text of each rule readable on the ground of that rule in the ${name} appearance`, () => {
      const pairs = pairsInRules();
      assert.ok(pairs.length > 10, String(pairs.length));
      assert.deepEqual(tooWeak(pairs, colours, textMin), []);
    });
  }

  it("stand in docs/design.md, all of them, with their values", () => {
    const { names, colours } = readDesignPage();
    for (const name of names) assert.ok(tokens.light.has(name), `docs/design.md: ${name} is no token`);
    for (const name of tokens.light.keys()) assert.ok(names.has(name), `docs/design.md lacks ${name}`);
    assert.ok(colours.size > 15);
    for (const [name, { light, dark }] of colours) {
      assert.deepEqual([light, dark], [tokens.light.get(name), tokens.dark.get(name)], name);
    }
  });

  it("are known wherever one is used, and each is used", () => {
    const programs = pageSources().join("\n");
    const texts = otherStylesheets();
    const used = new Set<string>();
    for (const { file, css } of texts) {
      const own = new Set([...css.matchAll(/(--[\w-]+):/g)].map(([, name]) => name as string));
      for (const [, name = ""] of css.matchAll(/var\((--[\w-]+)/g)) {
        used.add(name);
        assert.ok(
          tokens.light.has(name) || own.has(name) || programs.includes(`"${name}"`),
          `${file}: ${name} is no token`,
        );
      }
    }
    // A step of the scale may be left out by chance.
    const unused = [...tokens.light.keys()].filter((name) => !used.has(name) && !programs.includes(name));
    assert.deepEqual(
      unused.filter((name) => !name.startsWith("--space-")),
      [],
    );
  });

  it("are the only colours, and the only lengths above a hairline", () => {
    for (const { file, css } of otherStylesheets()) {
      assert.doesNotMatch(css, /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(/i, file);
      const lengths = css.replace(/@(?:media|container)[^{]*\{/g, "").matchAll(/(\d*\.?\d+)px/g);
      assert.deepEqual(
        [...lengths].filter(([, value]) => Number(value) > 2).map(([text]) => text),
        [],
        file,
      );
    }
  });
});

describe("the contrast of two colours", () => {
  it("is what WCAG says", () => {
    assert.equal(contrast("#000000", "#ffffff"), 21);
    assert.equal(contrast("#767676", "#ffffff").toFixed(2), "4.54");
    assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
    assert.equal(contrast("#8a5a00", "#8a5a00"), 1);
  });
});
