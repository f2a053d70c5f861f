/** What a verification in the page comes to, run in Node against real nodes: the truth is proven, and a page that shows something else is caught. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createApiClient } from "../../src/client/index.ts";
import { createMemoryCache, type LightCache } from "../../src/web/verify/light-cache.ts";
import type { LightSession } from "../../src/web/verify/light-session.ts";
import type { VerifyOutcome, VerifyQuestion, VerifyStep } from "../../src/web/verify/report.ts";
import { runVerification } from "../../src/web/verify/verify-run.ts";
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
