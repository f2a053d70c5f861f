/** What a verification in the page comes to, run in Node against real nodes: the truth is proven, and a page that shows something else is caught. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createApiClient } from "../../src/client/index.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { createMemoryCache, type LightCache } from "../../src/web/verify/light-cache.ts";
import type { LightSession } from "../../src/web/verify/light-session.ts";
import type { VerifyOutcome, VerifyQuestion, VerifyStep } from "../../src/web/verify/report.ts";
import { runVerification } from "../../src/web/verify/verify-run.ts";
import { alice, bob } from "../chain/block-builder.ts";
import { openLyingNode } from "../client/lying/lying-node.ts";
import {
  type AuthorityStage,
  openAuthorityStage,
  openWorkStage,
  type Stage,
  type WorkStage,
} from "../client/lying/stages.ts";
import { suiteMaxMs } from "../support/patience.ts";

const closers: (() => Promise<void>)[] = [];
let poa: AuthorityStage;
let pow: WorkStage;
before(async () => {
  poa = await openAuthorityStage(closers);
  pow = await openWorkStage(closers);
});
after(async () => {
  for (const close of closers) await close();
});

interface Verified {
  readonly outcome: VerifyOutcome;
  readonly steps: readonly VerifyStep[];
  readonly progress: number;
}

async function verify(
  { rig, chainId }: Pick<Stage, "rig" | "chainId">,
  question: VerifyQuestion,
  cache: LightCache = createMemoryCache(),
  sessions = new Map<string, LightSession>(),
): Promise<Verified> {
  const steps: VerifyStep[] = [];
  let progress = 0;
  const modules = {
    api: createApiClient(rig.url, { retries: 0 }),
    cache,
    now: Date.now,
    sessions,
  };
  const outcome = await runVerification(
    { baseUrl: rig.url, chainId, question },
    modules,
    (report) => {
      if (report.type === "step") steps.push(report.step);
      if (report.type === "progress") progress += 1;
    },
    new AbortController().signal,
  );
  return { outcome, steps, progress };
}

async function transactionQuestion({ rig, full }: Stage): Promise<VerifyQuestion> {
  return { kind: "transaction", id: full.id, shown: await rig.client.transaction(full.id) };
}

async function blockQuestion({ rig, full }: Stage): Promise<VerifyQuestion> {
  return { kind: "block", hash: full.hash, shown: await rig.client.block(full.hash) };
}

async function balanceQuestion({ rig, bob, asset }: Stage): Promise<VerifyQuestion> {
  return { kind: "balance", account: bob, asset, shown: await rig.client.account(bob) };
}

function namesOf(steps: readonly VerifyStep[], state = "holds"): string[] {
  return [...new Set(steps.filter((step) => step.state === state).map(({ name }) => name))];
}

describe("a verification", { timeout: suiteMaxMs }, () => {
  it("proves a transaction of each engine, each step from the chain id on", async () => {
    const ofAuthority = await verify(poa, await transactionQuestion(poa));
    assert.deepEqual(ofAuthority.outcome, {
      result: "proven",
      place: ofAuthority.outcome.result === "proven" ? ofAuthority.outcome.place : null,
      unproven: ["confirmations", "head"],
    });
    assert.deepEqual(namesOf(ofAuthority.steps), [
      "chain-id",
      "authorities",
      "header",
      "certificates",
      "final",
      "id",
      "signature",
      "leaf",
      "transactions",
      "seal",
      "name",
      "shown",
    ]);
    const ofWork = await verify(pow, await transactionQuestion(pow));
    assert.deepEqual(ofWork.outcome.result, "proven", JSON.stringify(ofWork));
    for (const step of ["work", "seal", "heaviest", "leaf"]) assert.ok(namesOf(ofWork.steps).includes(step));
    assert.ok(ofWork.progress > 0);
  });

  it("proves a block with all that it shows, but the weight", async () => {
    for (const stage of [poa, pow]) {
      const { outcome, steps } = await verify(stage, await blockQuestion(stage));
      assert.equal(outcome.result, "proven", JSON.stringify({ outcome, steps }));
      const open = stage === poa ? ["confirmations"] : [];
      assert.deepEqual(outcome.result === "proven" && outcome.unproven, [
        ...open,
        "cumulativeWeight",
        "head",
      ]);
      assert.ok(namesOf(steps).includes("asset"));
    }
  });

  it("proves a balance and a holding", async () => {
    for (const stage of [poa, pow]) {
      const { outcome, steps } = await verify(stage, await balanceQuestion(stage));
      assert.equal(outcome.result, "proven", JSON.stringify({ outcome, steps }));
      assert.ok(outcome.result === "proven" && outcome.balance);
      assert.equal(outcome.balance.assetUnits, "77");
      // What is not final so far, no certificate shows.
      assert.equal(outcome.unproven.includes("balance"), stage === poa);
      assert.ok(!outcome.unproven.includes("balances.final") || stage === pow);
    }
  });

  it("goes on from what was kept, and throws away what is damaged", async () => {
    const cache = createMemoryCache();
    const question = await transactionQuestion(pow);
    const first = await verify(pow, question, cache);
    assert.ok(!namesOf(first.steps).includes("kept"));
    const kept = await cache.read(pow.chainId);
    assert.ok(kept && kept.bytes.length > 1_000);
    const second = await verify(pow, question, cache);
    assert.equal(second.outcome.result, "proven");
    assert.match(
      second.steps.find(({ name }) => name === "kept")?.what ?? "",
      /up to block \d+ was verified on 20/,
    );
    for (const bytes of [kept.bytes.subarray(0, -5), new Uint8Array(0), Uint8Array.of(1, 2, 3)]) {
      await cache.write(pow.chainId, { bytes, savedAtMs: 1 });
      const { outcome, steps } = await verify(pow, question, cache);
      assert.equal(outcome.result, "proven", JSON.stringify(steps));
      assert.deepEqual(namesOf(steps, "open"), ["kept"]);
      assert.deepEqual((await cache.read(pow.chainId))?.bytes, kept.bytes, "it was learned and kept anew");
    }
  });

  it("does not let a node take back what was proven", async () => {
    const cache = createMemoryCache();
    const { rig, bob, chainId, early } = poa;
    assert.equal((await verify(poa, await balanceQuestion(poa), cache)).outcome.result, "proven");
    const liar = await openLyingNode([
      {
        trueUrl: rig.url,
        lie: (said, asked) => (/\/accounts\/.*\/proof/.test(asked) ? early.balance : said),
      },
    ]);
    try {
      const at = { rig: { ...rig, url: liar.urlOf(0) }, chainId };
      const { outcome } = await verify(
        at,
        { kind: "balance", account: bob, shown: await rig.client.account(bob) },
        cache,
      );
      assert.ok(outcome.result === "refuted" && outcome.code === "light/stale", JSON.stringify(outcome));
    } finally {
      await liar.close();
    }
  });

  it("says what cannot be proven: another chain, a block beside the chain, a node that is silent", async () => {
    const other = await verify({ rig: pow.rig, chainId: poa.chainId }, await transactionQuestion(pow));
    assert.ok(other.outcome.result === "refuted" && other.outcome.code === "light/wrong-genesis");
    const besideTheChain = pow.beside[0]!.block;
    assert.ok((await pow.rig.chain.importBlock(besideTheChain)).ok);
    const hash = besideTheChain.hashHex;
    const shown = await pow.rig.client.block(hash);
    assert.equal(shown.canonical, false);
    const notOnChain = await verify(pow, { kind: "block", hash, shown });
    assert.ok(notOnChain.outcome.result === "impossible", JSON.stringify(notOnChain));
    assert.match(notOnChain.outcome.reason, /not on the chain/);
    const unknown = await verify(pow, { kind: "block", hash: "00".repeat(32), shown });
    assert.equal(unknown.outcome.result, "impossible");
    const silent = await verify(
      { rig: { ...pow.rig, url: "http://127.0.0.1:1" }, chainId: pow.chainId },
      await transactionQuestion(pow),
    );
    assert.ok(silent.outcome.result === "impossible" && /does not answer/.test(silent.outcome.reason));
  });

  it("checks id and signature of a transaction that waits, and calls it no more than signed", async () => {
    const { rig, bob: bobs, chainId } = pow;
    const waiting = pow.builder.transfer(bob, 3, alice, 1n);
    await rig.client.submit(waiting.bytes);
    const shown = await rig.client.transaction(waiting.idHex);
    const { outcome, steps } = await verify(pow, { kind: "transaction", id: waiting.idHex, shown });
    assert.equal(outcome.result, "signed", JSON.stringify({ outcome, steps }));
    assert.deepEqual(namesOf(steps).slice(-4), ["id", "signature", "name", "shown"]);
    const lied = { ...shown, sender: addressOf(alice.publicKey) } as typeof shown;
    const liar = await openLyingNode([
      {
        trueUrl: rig.url,
        lie: (said, asked) => (asked === `/v1/transactions/${waiting.idHex}` ? lied : said),
      },
    ]);
    try {
      const at = { rig: { ...rig, url: liar.urlOf(0) }, chainId };
      const caught = await verify(at, { kind: "transaction", id: waiting.idHex, shown: lied });
      assert.equal(caught.outcome.result, "refuted", bobs);
    } finally {
      await liar.close();
    }
  });

  it("is cancelled, and keeps what it had", async () => {
    const over = new AbortController();
    const steps: string[] = [];
    const modules = {
      api: createApiClient(pow.rig.url, { retries: 0 }),
      cache: createMemoryCache(),
      now: Date.now,
      sessions: new Map<string, LightSession>(),
    };
    const outcome = await runVerification(
      { baseUrl: pow.rig.url, chainId: pow.chainId, question: await transactionQuestion(pow) },
      modules,
      (report) => {
        if (report.type === "step") steps.push(report.step.name);
        // As soon as the first headers are there.
        if (report.type === "progress") over.abort();
      },
      over.signal,
    );
    assert.deepEqual(outcome, { result: "cancelled" });
    assert.ok(!steps.includes("shown"));
    assert.ok(await modules.cache.read(pow.chainId));
  });

  it("leaves no value of an answer unnoticed: a changed one is refuted, or named as the node's word alone", async () => {
    for (const stage of [poa, pow]) {
      const { rig, full, bob } = stage;
      const answers = [
        { path: `/v1/transactions/${full.id}`, question: await transactionQuestion(stage) },
        { path: `/v1/blocks/${full.hash}`, question: await blockQuestion(stage) },
        { path: `/v1/accounts/${bob}`, question: await balanceQuestion(stage) },
      ];
      for (const { path, question } of answers) {
        const changed = changedEverywhere(question.shown);
        assert.ok(changed.length > 20);
        let told: unknown;
        const liar = await openLyingNode([
          { trueUrl: rig.url, lie: (said, asked) => (asked === path ? told : said) },
        ]);
        const at = { rig: { ...rig, url: liar.urlOf(0) }, chainId: stage.chainId };
        const sessions = new Map();
        try {
          for (const { field, answer } of changed) {
            told = answer;
            const lied = { ...question, shown: answer } as VerifyQuestion;
            const { outcome, steps } = await verify(at, lied, undefined, sessions);
            // Less than is proven is what a page showed a moment ago.
            if (field === "final" && stage === poa) continue;
            if (outcome.result === "refuted") {
              assert.equal(outcome.code, "shown/differs", `${field}: ${JSON.stringify(outcome)}`);
              assert.ok(outcome.differences.length > 0, field);
              continue;
            }
            assert.equal(outcome.result, "proven", `${field}: ${JSON.stringify({ outcome, steps })}`);
            const { unproven } = outcome as Extract<VerifyOutcome, { result: "proven" }>;
            const isNamed = unproven.some(
              (name) =>
                `${field.replace(/\[\d+\]/g, "[]")}.`.startsWith(`${name}.`) || /^the name "/.test(name),
            );
            assert.ok(isNamed, `${field} was changed to what nobody proved, and nothing says so`);
          }
        } finally {
          await liar.close();
        }
      }
    }
  });
});

/** The answer with one value changed, for each of its values; of a list's items the first two. */
function changedEverywhere(answer: unknown): { readonly field: string; readonly answer: unknown }[] {
  const fields: string[][] = [];
  const visit = (value: unknown, path: readonly string[]) => {
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value).slice(0, Array.isArray(value) ? 2 : undefined)) {
        visit(inner, [...path, key]);
      }
    } else fields.push([...path]);
  };
  visit(answer, []);
  return fields.map((path) => {
    const copy = structuredClone(answer);
    const holder = path.slice(0, -1).reduce((value, key) => (value as never)[key], copy) as Record<
      string,
      unknown
    >;
    const key = path.at(-1) as string;
    holder[key] = otherThan(holder[key]);
    return { field: path.join("."), answer: copy };
  });
}

function otherThan(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value.slice(0, -1)}${value.endsWith("2") ? "3" : "2"}`;
  return "something";
}
