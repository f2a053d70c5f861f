/** No getter of src/ does more than answer, and the walker that sees to it sees. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { impureGetters } from "./getters.ts";

const src = new URL("../../src/", import.meta.url);

describe("getters", () => {
  it("neither log nor emit nor change what they belong to", () => {
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.tsx?$/.test(file),
    );
    const tree = new Map(files.map((file) => [file, readFileSync(new URL(file, src), "utf8")]));
    assert.ok(tree.size > 500, "the sources are there");
    assert.deepEqual(impureGetters(tree), []);
  });

  it("are seen if they change something, also by a method or a getter that they ask", () => {
    const found = (body: string, rest = "") =>
      impureGetters(
        new Map([
          ["room/part.ts", `export class Part {\n  get state(): number {\n    ${body}\n  }\n${rest}}\n`],
        ]),
      );
    for (const body of [
      "this.#count += 1; return 1;",
      "return (this.#memo ??= 1);",
      "this.#seen.add(1); return 1;",
      "this.#modules.logger.warn({}, 'asked'); return 1;",
      "this.events.emit('asked'); return 1;",
      "return this.#look();",
      "return this.#other;",
    ]) {
      const rest =
        "  #look(): number {\n    this.#places[0] = 1;\n    return 1;\n  }\n  get #other(): number {\n    return this.#look();\n  }\n";
      assert.ok(
        found(body, rest).some(({ where }) => where === "room/part.ts state"),
        body,
      );
    }
    for (const body of [
      "return this.#count;",
      "return this.#count === 1 ? 1 : 2;",
      "const all = [...this.#seen]; all.push(1); return all.length;",
      "return this.#read();",
    ]) {
      assert.deepEqual(
        found(body, "  #read(): number {\n    return this.#seen.size >= 1 ? 1 : 0;\n  }\n"),
        [],
        body,
      );
    }
  });
});
