/** A listener that fails keeps neither the emitter nor the other listeners from going on, and is in the log. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { guardedEvents } from "../../src/base/guarded-events.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { until } from "../support/patience.ts";

describe("guarded events", () => {
  it("go on after a listener that throws, and after one that rejects", async () => {
    const said: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => void said.push(fields) };
    const events = guardedEvents<{ moved: [to: number] }>("the head", logger);
    const heard: string[] = [];
    events.on("moved", () => {
      throw new Error("first");
    });
    events.on("moved", async (to) => {
      heard.push(`second ${to}`);
      throw new Error("second");
    });
    events.once("moved", (to) => void heard.push(`once ${to}`));
    assert.equal(events.emit("moved", 7), true);
    assert.equal(events.emit("moved", 8), true);
    assert.deepEqual(heard, ["second 7", "once 7", "second 8"]);
    await until("both are in the log", () => said.length === 4);
    for (const fields of said) {
      assert.match(String((fields as { error: Error }).error.message), /^(?:first|second)$/);
      assert.equal((fields as { event: string }).event, "the head: moved");
    }
  });

  it("say whether anybody listens", () => {
    const events = guardedEvents<{ moved: [] }>("the head", silentLogger);
    assert.equal(events.emit("moved"), false);
    const listener = () => undefined;
    events.on("moved", listener);
    assert.equal(events.emit("moved"), true);
    events.off("moved", listener);
    assert.equal(events.emit("moved"), false);
  });
});
