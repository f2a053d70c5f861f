/** HTML as a value: nothing that goes into a template can become markup. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { html } from "../../src/base/html.ts";

describe("html", () => {
  it("escapes text, in content and in attributes", () => {
    const text = `<img src=x onerror="a('b')">&\``;
    assert.equal(
      html`<p title="${text}">${text}</p>`.text,
      `<p title="${escaped(text)}">${escaped(text)}</p>`,
    );
  });

  it("takes its own markup as it is, joins lists, and leaves nothing for nothing", () => {
    const rows = ["a", "<b>"].map((name) => html`<li>${name}</li>`);
    assert.equal(
      html`<ul>${rows}${null}${undefined}${7n}</ul>`.text,
      "<ul><li>a</li><li>&#60;b&#62;</li>7</ul>",
    );
  });

  it("shows what would be invisible or would turn the text around", () => {
    assert.doesNotMatch(html`${"a\u202eb\u0000c"}`.text, /[\u202e\0]/);
  });

  it("never lets any text open a tag or leave an attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        assert.match(html`${text}`.text, /^[^<>"'`]*$/);
      }),
    );
  });
});

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
