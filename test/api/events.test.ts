/** The events that are documented are those that there are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";
import { eventShapes, eventTopics, eventTopicsDefault } from "../../src/api/events.ts";

const docs = path.join(import.meta.dirname, "../../docs");
const section =
  readFileSync(path.join(docs, "api.md"), "utf8").split("\n## Events\n")[1]?.split("\n## ")[0] ?? "";

it("stand in the table of docs/api.md, each once", () => {
  const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name);
  assert.deepEqual(rows.toSorted(), Object.keys(eventShapes).sort());
});

it("have topics that docs/api.md names, and the default that it names", () => {
  for (const topic of eventTopics) assert.ok(section.includes(`\`${topic}\``), topic);
  assert.ok(section.includes(`without \`topics\` it is \`${eventTopicsDefault.join()}\``));
});

it("are described in the OpenAPI document, each with what it holds", () => {
  const document = JSON.parse(readFileSync(path.join(docs, "openapi.json"), "utf8"));
  const { content } = document.paths["/v1/events"].get.responses["200"];
  const events = content["text/event-stream"].schema["x-events"];
  assert.deepEqual(Object.keys(events), Object.keys(eventShapes));
  assert.ok(events.head.properties.reorganization);
});
