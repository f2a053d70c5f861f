/** The quick start is killed in the middle, again and again, and goes on with what the killed runs have sent. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { Stage } from "./processes.ts";

describe("the demo", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("goes on after kills in the middle, with what the killed runs have sent", async () => {
    // As few nodes as there can be of both chains: each is a process.
    const demo = ["demo", "--exit", "--data-dir", stage.place("killed"), "--pow", "1", "--poa", "1"];
    for (const moment of ["register bob", "[5/6]"]) {
      const running = stage.run(demo);
      await until(
        `the demo has come to "${moment}"`,
        () => running.stdout.includes(moment) || running.hasEnded,
      );
      await running.stop("SIGKILL");
    }
    assert.match(await stage.output(...demo), /Every transaction is committed on every node/);
  });
});
