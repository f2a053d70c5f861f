/** Verify in this browser: from the chain id that one trusts to what the page shows, each step a tick. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatAmount } from "../../client/index.ts";
import { useNode } from "../live/node-view.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Note } from "../parts/note.tsx";
import { Term } from "../parts/term.tsx";
import { ChainTrustView, trustStore } from "./chain-trust-view.tsx";
import { failureTexts, stepTexts } from "./explanations.ts";
import type { VerifyOutcome, VerifyQuestion, VerifyStep } from "./report.ts";
import { verify } from "./verify.ts";
import "./verify.css";

interface VerifyCardProps {
  /** What is verified, with what the page shows of it; undefined while it is not loaded. */
  readonly question: VerifyQuestion | undefined;
  /** E.g. "this transaction". */
  readonly what: string;
  /** The page showed an older state than was proven: it should ask the node again. */
  readonly onOutdated?: () => void;
  /** Below the button, before anything was verified. */
  readonly children?: ComponentChildren;
}

/** Then the page says that it was behind: something else than a block in between is wrong. */
const againMax = 5;

interface Progress {
  readonly height: number;
  readonly of: number;
}

export function VerifyCard({ question, what, onOutdated, children }: VerifyCardProps) {
  const { baseUrl, chainId } = useNode();
  const [steps, setSteps] = useState<readonly VerifyStep[]>([]);
  const [progress, setProgress] = useState<Progress>();
  const [outcome, setOutcome] = useState<VerifyOutcome>();
  const [isRunning, setRunning] = useState(false);
  const over = useRef<AbortController>(undefined);
  /** How often it may still begin again by itself, each time when the page has loaded what is newer. */
  const againLeft = useRef(0);
  const isAgainDue = useRef(false);
  useEffect(() => () => over.current?.abort(), []);
  useEffect(() => {
    if (!isAgainDue.current) return;
    isAgainDue.current = false;
    void run(false);
  }, [question?.shown]);

  async function run(isFromStart: boolean): Promise<void> {
    if (!question || chainId === undefined) return;
    // The first use decides which chain is trusted at this address; later ones notice another.
    const trusted = trustStore.of(baseUrl) ?? { chainId, sinceMs: Date.now(), isCompared: false };
    trustStore.remember(baseUrl, trusted);
    over.current?.abort();
    const current = new AbortController();
    over.current = current;
    setSteps([]);
    setOutcome(undefined);
    setProgress(undefined);
    setRunning(true);
    const request = { baseUrl, chainId: trusted.chainId, question, isFromStart };
    for await (const report of verify(request, current.signal)) {
      if (over.current !== current) return;
      if (report.type === "step") setSteps((before) => [...before, report.step]);
      else if (report.type === "progress") setProgress(report);
      else {
        setOutcome(report.outcome);
        setRunning(false);
        if (report.outcome.result !== "outdated") continue;
        // Blocks came between the page's answer and the proof, which on a quick chain is no rare thing.
        isAgainDue.current = againLeft.current > 0;
        againLeft.current -= 1;
        onOutdated?.();
      }
    }
  }

  function begin(): void {
    againLeft.current = againMax;
    void run(false);
  }

  const isKept = steps.some(({ name }) => name === "kept");
  return (
    <Card title="Verify in this browser" class="verify">
      <p class="soft">
        The node is not believed. This browser computes everything anew, from the chain id to {what}.
      </p>
      <ChainTrustView />
      <div class="row">
        {isRunning ? (
          <Button onClick={() => over.current?.abort()}>Cancel</Button>
        ) : (
          <Button kind="main" disabled={!question || chainId === undefined} onClick={begin}>
            {outcome ? "Verify again" : `Verify ${what}`}
          </Button>
        )}
        {!isRunning && outcome && isKept && (
          <Button onClick={() => void run(true)}>Begin at the chain id</Button>
        )}
      </div>
      {isRunning && <ProgressView progress={progress} />}
      <div class="verify-outcome" role="status">
        {outcome && <OutcomeView outcome={outcome} what={what} />}
      </div>
      {steps.length > 0 && (
        <ol class="verify-steps" aria-label="Steps of the verification">
          {steps.map((step, index) => (
            <StepView key={index} step={step} />
          ))}
        </ol>
      )}
      {steps.length === 0 && !isRunning && children}
      {outcome && <Limits />}
    </Card>
  );
}

const marks = { holds: "✓", fails: "✗", open: "?" } as const;
const words = { holds: "Holds: ", fails: "Fails: ", open: "Not proven: " } as const;

function StepView({ step: { name, state, what } }: { step: VerifyStep }) {
  const { title, meaning } = stepTexts[name];
  return (
    <li class={`verify-step ${state}`} data-step={name}>
      <span class="verify-mark" aria-hidden="true">
        {marks[state]}
      </span>
      <div>
        <span class="unseen">{words[state]}</span>
        <Term meaning={meaning}>{title}</Term>
        <p class="soft small">{what}</p>
      </div>
    </li>
  );
}

function ProgressView({ progress }: { progress: Progress | undefined }) {
  if (!progress) return <p class="loading">Working …</p>;
  const { height, of } = progress;
  return (
    <label class="verify-progress small">
      <span>
        Followed the chain up to block {height} of {Math.max(height, of)}
      </span>
      <progress max={Math.max(height, of, 1)} value={height} />
    </label>
  );
}

function OutcomeView({ outcome, what }: { outcome: VerifyOutcome; what: string }) {
  switch (outcome.result) {
    case "proven": {
      const { balance } = outcome;
      const { confirmations, height } = outcome.place;
      return (
        <Note
          kind="good"
          title={
            confirmations === null
              ? "Proven: it is as this page shows, and final"
              : `Proven: it is as this page shows, ${deepText(confirmations)} deep`
          }
        >
          {balance && (
            <p>
              {formatAmount(BigInt(balance.balanceUnits))} AUR and sequence {balance.sequence}, after block{" "}
              {height}.
            </p>
          )}
          <Unproven fields={outcome.unproven} />
        </Note>
      );
    }
    case "signed":
      return (
        <Note kind="good" title="Its bytes and its signature are right; no block holds it so far">
          <Unproven fields={outcome.unproven} />
        </Note>
      );
    case "refuted":
      return (
        <Note kind="bad" title={`Refuted: do not believe what this page shows of ${what}`}>
          <p>{failureTexts[outcome.code]}</p>
          {outcome.differences.length === 0 ? <p class="small">{outcome.reason}</p> : null}
          {outcome.differences.length > 0 && (
            <dl class="verify-differences">
              {outcome.differences.map(({ field, shown, proven }) => (
                <div key={field}>
                  <dt>{field}</dt>
                  <dd>
                    shown <code>{shown}</code>
                  </dd>
                  <dd>
                    proven <code>{proven}</code>
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </Note>
      );
    case "outdated":
      return (
        <Note kind="warn" title="The page was behind">
          <p>It showed an older state than the node has. It was loaded again: verify again.</p>
        </Note>
      );
    case "impossible":
      return (
        <Note kind="warn" title="Nothing was proven, and nothing refuted">
          <p>{outcome.reason}</p>
          <p>{outcome.next}</p>
        </Note>
      );
    case "cancelled":
      return <Note title="Cancelled. What was verified so far is kept." />;
  }
}

function deepText(confirmations: number): string {
  return confirmations === 1 ? "one block" : `${confirmations} blocks`;
}

/** Fields that are often among those that nothing proves. */
const fieldWords: Readonly<Record<string, string>> = {
  head: "which block is the newest",
  confirmations: "how many blocks stand on it",
  cumulativeWeight: "the weight so far",
  balance: "the balance at the newest block",
};

function Unproven({ fields }: { fields: readonly string[] }) {
  if (fields.length === 0) return null;
  return (
    <p class="small">
      On the node's word alone: {fields.map((field) => fieldWords[field] ?? field).join(", ")}.
    </p>
  );
}

function Limits() {
  return (
    <details class="small">
      <summary>What this cannot show</summary>
      <ul class="verify-limits">
        <li>
          This page came from the node. If you do not trust the node's page either, open the page of your own
          node, or verify with a program that uses <code>aurex/client</code>.
        </li>
        <li>The chain id is where everything begins: compare it with one from elsewhere.</li>
        <li>A node can keep newer blocks from you. Look at the time of the newest block.</li>
      </ul>
    </details>
  );
}
