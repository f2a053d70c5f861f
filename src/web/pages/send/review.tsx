/** What is about to be signed, shown in full before the key is touched; then it is signed here and sent. */
import { useRef, useState } from "preact/hooks";
import { groupedAddress } from "../../../base/visible-text.ts";
import {
  ApiProblem,
  addressOf,
  formatAmount,
  type KeyPair,
  OutcomeUnknown,
  type Stretch,
} from "../../../client/index.ts";
import { useNode } from "../../live/node-view.ts";
import { Amount } from "../../parts/amount.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { TransactionLink } from "../../parts/links.tsx";
import { Note } from "../../parts/note.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { useFocus } from "../../parts/use-focus.ts";
import { rememberPaid } from "../../wallet/address-book.ts";
import { PassphraseForm } from "../../wallet/passphrase-form.tsx";
import { DraftOutdated, signAndSend } from "../../wallet/sending.ts";
import { StepHead } from "../../wallet/step-head.tsx";
import { summaryLines } from "../../wallet/summary.ts";
import type { Proposal } from "./proposal.ts";
import type { SendTools } from "./send-tools.ts";
import { SignedBytes } from "./signed-bytes.tsx";

interface ReviewProps {
  readonly proposal: Proposal;
  readonly tools: SendTools;
  /** It was signed: a node has it, or it is kept and will be sent. */
  readonly onSigned: (id: string) => void;
  /** With another sequence, to be looked at again. */
  readonly onAgain: (proposal: Proposal) => void;
  readonly onBack: () => void;
}

export function Review({ proposal, tools, onSigned, onAgain, onBack }: ReviewProps) {
  const { draft, key, what, isCancel } = proposal;
  const { status } = useNode();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const isLocked = !tools.ring.state.unlocked.has(key.id);
  const send = async (keyPair: KeyPair) => {
    setProblem(undefined);
    setBusy(true);
    try {
      const replace = proposal.replaces !== undefined;
      await signAndSend(draft, keyPair, { what, replace }, tools);
      await remember(proposal, tools);
      onSigned(draft.id);
    } catch (thrown) {
      if (thrown instanceof OutcomeUnknown && thrown.id === draft.id) {
        await remember(proposal, tools);
        return onSigned(draft.id);
      }
      setProblem(thrown);
    } finally {
      setBusy(false);
    }
  };
  const unlockAndSend = async (passphrase: string, stretch: Stretch) => {
    const opened = await tools.ring.unlock(key.id, passphrase, stretch);
    if (!opened.ok) return `The key ${opened.fault}.`;
    void send(opened.value);
    return undefined;
  };
  const again = () => proposal.renew().then(onAgain, setProblem);
  const signNow = () => {
    const keyPair = tools.ring.use(key.id);
    if (keyPair) void send(keyPair);
  };
  return (
    <Card title="Before it is signed">
      <div class="stack">
        <StepHead>
          {isCancel ? "This takes the place of the other one, and does nothing else" : what}
        </StepHead>
        <Notices proposal={proposal} />
        <Facts>
          {summaryLines(draft.payload, proposal.asset, proposal.toName).map(
            ({ label, text, isCode, compare }) => (
              <Fact key={label} label={label}>
                {isCode ? <code class="send-code">{text}</code> : <bdi>{text}</bdi>}
                {compare !== undefined && <div class="small send-compare">Not plain letters: {compare}</div>}
              </Fact>
            ),
          )}
          <Fact label="From" meaning="The account that pays and signs.">
            <code class="send-code">{groupedAddress(addressOf(draft.sender))}</code>{" "}
            <span class="soft">({key.label})</span>
          </Fact>
          <Fact label="Fee" meaning="Whoever makes the block gets it, whatever becomes of the rest.">
            <Amount value={formatAmount(draft.fee)} />
          </Fact>
          <Fact
            label="Sequence"
            meaning="The account's transactions are counted. Only one with this number can ever be executed."
          >
            {draft.sequence}
          </Fact>
          {draft.validUntil !== 0 && (
            <Fact label="Valid until" meaning="The last block that may hold it.">
              block {draft.validUntil}
            </Fact>
          )}
          <Fact label="Chain" meaning="It counts on this chain alone.">
            {status?.network} <code class="send-code">{draft.chainId}</code>
          </Fact>
        </Facts>
        <SignedBytes draft={draft} />
        {problem instanceof DraftOutdated ? (
          <Again text={problem.message} onAgain={again} />
        ) : (
          problem !== undefined && <SendProblem problem={problem} />
        )}
        {isBusy ? (
          <p role="status">Sending it: it is signed in this browser, and kept before it leaves …</p>
        ) : isLocked && !(problem instanceof DraftOutdated) ? (
          <PassphraseForm
            label={`Passphrase of ${key.label}`}
            action="Unlock, sign and send"
            onPassphrase={unlockAndSend}
            onCancel={onBack}
          />
        ) : (
          <div class="row">
            {!(problem instanceof DraftOutdated) && (
              <Button kind="main" onClick={signNow}>
                Sign and send
              </Button>
            )}
            <Button onClick={onBack}>Back</Button>
          </div>
        )}
      </div>
    </Card>
  );
}

async function remember({ draft, toName, isCancel }: Proposal, { keep, chainId }: SendTools): Promise<void> {
  if (draft.payload.kind !== "transfer" || isCancel) return;
  const address = addressOf(draft.payload.to);
  await rememberPaid(keep, { chainId, address, label: toName ?? "", atMs: Date.now() });
}

function Notices({ proposal: { recipient, same, replaces, toName } }: { proposal: Proposal }) {
  return (
    <>
      {replaces && (
        <Note title="It takes the place of one that waits">
          “{replaces.what}” has the same sequence: when a block takes this one, the other one can never be
          executed.
        </Note>
      )}
      {same && (
        <Note kind="warn" title="You have signed the same a short while ago">
          “{same.what}” <TransactionLink id={same.id} />. If you meant that one, do not sign this one: both
          would be executed.
        </Note>
      )}
      {recipient?.kind === "self" && (
        <Note kind="warn" title="You are sending to yourself">
          Only the fee is spent.
        </Note>
      )}
      {recipient?.kind === "new" && (
        <Note kind="warn" title="You have never paid this address before">
          {toName === undefined
            ? "Compare all of it with what you were given, to the last group."
            : "The node says whose name it is. If it matters, compare the whole address with what its owner says."}
        </Note>
      )}
      {recipient?.kind === "lookalike" && (
        <Note kind="bad" title="This address only looks like one that you have paid">
          It begins and ends as <code class="send-code">{groupedAddress(recipient.of.address)}</code>
          {recipient.of.label && ` (${recipient.of.label})`}, and is another one. Attackers make such
          addresses, send a little from them, and wait until somebody copies the wrong one.
        </Note>
      )}
    </>
  );
}

function Again({ text, onAgain }: { text: string; onAgain: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useFocus(() => place.current?.querySelector("button"));
  return (
    <div ref={place} role="alert">
      <Note kind="warn" title="Look at it again">
        <p>{text}.</p>
        <Button kind="main" onClick={onAgain}>
          Show it with the next sequence
        </Button>
      </Note>
    </div>
  );
}

function SendProblem({ problem }: { problem: unknown }) {
  if (problem instanceof OutcomeUnknown) {
    return (
      <ProblemNote
        problem={problem}
        what="An earlier transaction of this key has no answer yet, so nothing new is signed"
        next="It is sent again by itself when the node answers; see the list below."
      />
    );
  }
  if (problem instanceof ApiProblem) return <ProblemNote problem={problem} what="The node did not take it" />;
  return <ProblemNote problem={problem} next="Nothing was sent. Go back and try again." />;
}
