/** A thread for a function of a module: its answers, its errors, and what node:test sees of its promises. */
import assert from "node:assert/strict";
import { executionAsyncId } from "node:async_hooks";
import { it } from "node:test";
import { OwnThread } from "./own-thread.ts";

const thread = new OwnThread(new URL("./own-thread-functions.ts", import.meta.url));

it("answers with what the function returns, in the order of the calls", async () => {
  const sums = [thread.call<number>("sum", 1, 2), thread.call<number>("sum", 3, 4)];
  assert.deepEqual(await Promise.all(sums), [3, 7]);
});

it("throws what the function throws, and answers again", async () => {
  await assert.rejects(thread.call("refuse", "no"), /^Error: no$/);
  assert.equal(await thread.call("sum", 1, 1), 2);
});

it("is beyond the hooks by which node:test follows promises", async () => {
  // A promise that nobody follows has no number of its own.
  await Promise.resolve();
  assert.notEqual(executionAsyncId(), 0, "node:test follows promises here");
  assert.equal(await thread.call("numberAfterPromise"), 0);
});
