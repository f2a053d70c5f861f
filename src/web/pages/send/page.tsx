/** The page "Send": form, then what is signed, then what becomes of it. Everything of it belongs to one chain. */
import "../wallet/wallet.css";
import "./send.css";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useEvents, useNode } from "../../live/node-view.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Field } from "../../parts/field.tsx";
import { Note } from "../../parts/note.tsx";
import { useFocus } from "../../parts/use-focus.ts";
import type { PageProps } from "../../shell/pages.ts";
import { useLink } from "../../shell/place.ts";
import { emptyForm, type FormTexts, type WishKind } from "../../wallet/form.ts";
import type { KeyRingState } from "../../wallet/key-ring.ts";
import { Outbox } from "../../wallet/outbox.ts";
import type { OutboxRow } from "../../wallet/rows.ts";
import { resendUnsent } from "../../wallet/sending.ts";
import { withTurn } from "../../wallet/turn.ts";
import { useWallet, type Wallet } from "../../wallet/use-wallet.ts";
import { OutboxList } from "./outbox-list.tsx";
import type { Proposal } from "./proposal.ts";
import { Review } from "./review.tsx";
import { SendForm } from "./send-form.tsx";
import type { SendTools } from "./send-tools.ts";

export default function SendPage({ query }: PageProps) {
  const wallet = useWallet();
  const { chainId } = useNode();
  return (
    <div class="stack">
      <h1>Send</h1>
      {wallet && chainId !== undefined ? (
        // Another chain at this address is another page: nothing of the old one stays.
        <SendOnChain key={chainId} wallet={wallet} state={wallet.state} chainId={chainId} query={query} />
      ) : (
        <p class="loading">{wallet ? "Asking the node for its chain …" : "Opening the wallet …"}</p>
      )}
    </div>
  );
}

interface SendOnChainProps {
  readonly wallet: Wallet;
  readonly state: KeyRingState;
  readonly chainId: string;
  readonly query: URLSearchParams;
}

function SendOnChain({ wallet, state, chainId, query }: SendOnChainProps) {
  const link = useLink();
  const tools = useSendTools(wallet, chainId);
  const outbox = useOutbox(tools);
  const [address, setAddress] = useState(query.get("key") ?? "");
  const [kind, setKind] = useState<WishKind>(kindOf(query.get("do")));
  const [proposal, setProposal] = useState<Proposal>();
  /** A new form after each transaction, and after each draft that is out of date. */
  const [round, setRound] = useState(0);
  const [newest, setNewest] = useState<string>();
  const row = state.keys.find((key) => key.address === address) ?? state.keys[0];
  if (!row) {
    return (
      <Card title="There is no key in this browser yet">
        <div class="stack">
          <p>A transaction is signed by a key. Make one, or import one that you have.</p>
          <div>
            <a class="button main" href={link("wallet")}>
              To the keys
            </a>
          </div>
        </div>
      </Card>
    );
  }
  const isOpen = state.unlocked.has(row.id);
  const list = (
    <OutboxList
      {...{ tools, newest }}
      entries={outbox.entries}
      elsewhere={outbox.elsewhere}
      keys={state.keys}
      onProposal={setProposal}
      onChanged={outbox.reload}
    />
  );
  return (
    <>
      {state.whyNotLasting !== undefined && (
        <Note kind="bad" title="This tab alone keeps what you sign">
          The browser keeps nothing for this page ({state.whyNotLasting}). Do not close the tab before a node
          has what you sign.
        </Note>
      )}
      <div class="send-form" hidden={proposal !== undefined}>
        <Card
          title="What to do"
          lead={isOpen ? <Badge kind="good">Key unlocked</Badge> : <Badge>Key locked</Badge>}
        >
          <div class="stack">
            <div class="wallet-form">
              <Field label="From the key">
                {(props) => (
                  <select
                    {...props}
                    value={row.address}
                    onInput={({ currentTarget }) => setAddress(currentTarget.value)}
                  >
                    {state.keys.map((key) => (
                      <option key={key.id} value={key.address}>
                        {key.label} ({key.address.slice(0, 12)}…)
                      </option>
                    ))}
                  </select>
                )}
              </Field>
            </div>
            <SendForm
              key={`${row.id} ${round}`}
              {...{ tools, row, kind }}
              given={round === 0 ? givenBy(query) : {}}
              onKind={setKind}
              onProposal={setProposal}
            />
            {isOpen && (
              <div>
                <Button onClick={wallet.lockEverywhere}>Lock all keys</Button>
              </div>
            )}
          </div>
        </Card>
      </div>
      {proposal && (
        <Review
          key={proposal.draft.id}
          {...{ proposal, tools }}
          onSigned={(id) => {
            setProposal(undefined);
            setNewest(id);
            setRound(round + 1);
            outbox.reload();
          }}
          onAgain={setProposal}
          onBack={() => setProposal(undefined)}
        />
      )}
      {newest !== undefined && proposal === undefined && <Signed entries={outbox.entries} id={newest} />}
      {list}
    </>
  );
}

/** Takes the focus after signing: the form that had it is gone. */
function Signed({ entries, id }: { entries: readonly OutboxRow[]; id: string }) {
  const row = entries.find((entry) => entry.id === id);
  const isSent = row !== undefined && row.state !== "unsent";
  const place = useRef<HTMLDivElement>(null);
  useFocus(() => place.current, [id]);
  return (
    <div ref={place} tabIndex={-1} class="send-signed">
      <Note
        kind={isSent ? "good" : "warn"}
        title={isSent ? "Signed and sent" : "Signed and kept in this browser"}
      >
        {isSent
          ? "The node has it on its disk. Below you see it go into a block and become final."
          : "No answer of the node is known yet. The same bytes are sent again by themselves, also after a reload; do not sign it again."}
      </Note>
    </div>
  );
}

function useSendTools({ ring }: Wallet, chainId: string): SendTools {
  const { api } = useNode();
  const over = useMemo(() => new AbortController(), [chainId]);
  useEffect(() => () => over.abort(new Error("the page was left")), [over]);
  return useMemo(() => {
    const { keep } = ring;
    return {
      ...{ api, chainId, ring, keep, signal: over.signal },
      outbox: new Outbox(keep),
      takeTurn: (name, work) => withTurn(name, keep, work),
    };
  }, [api, chainId, ring, over]);
}

interface OutboxView {
  readonly entries: readonly OutboxRow[];
  readonly elsewhere: number;
  readonly reload: () => void;
}

/** The outbox of this chain; what has no answer is sent again now, and whenever the node is there again. */
function useOutbox(tools: SendTools): OutboxView {
  const { connection } = useNode();
  const [view, setView] = useState({ entries: [] as readonly OutboxRow[], elsewhere: 0 });
  const { outbox, chainId, signal } = tools;
  const reload = useCallback(async () => {
    const [entries, elsewhere] = await Promise.all([outbox.entries(chainId), outbox.countElsewhere(chainId)]);
    if (!signal?.aborted) setView({ entries, elsewhere });
  }, [outbox, chainId, signal]);
  useEffect(() => void reload(), [reload]);
  // Another tab may have signed something.
  useEvents(["head"], () => void reload());
  const isOpen = connection.kind === "open";
  const unsent = view.entries.filter(({ state }) => state === "unsent").length;
  useEffect(() => {
    if (!isOpen || unsent === 0) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const send = async () => {
      // Another tab may be at it, or the node may have gone away again: it is tried again later.
      const resent = await resendUnsent({ ...tools, tryForMs: 0 }).catch(() => []);
      if (isOver) return;
      if (resent.some(({ fate }) => fate !== "unknown")) await reload();
      if (!isOver) timer = setTimeout(send, resendMs);
    };
    void send();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isOpen, unsent, tools, reload]);
  return { ...view, reload };
}

const resendMs = 5_000;

function kindOf(text: string | null): WishKind {
  const kinds: Readonly<Record<string, WishKind>> = {
    name: "registerUser",
    record: "record",
    asset: "issueAsset",
  };
  return kinds[text ?? ""] ?? "transfer";
}

/** What a link may fill in; a fee is the person's own. */
function givenBy(query: URLSearchParams): Partial<FormTexts> {
  const fields = ["to", "amount", "asset", "memo", "name"] as const;
  return Object.fromEntries(
    fields.filter((field) => query.has(field)).map((field) => [field, query.get(field) ?? emptyForm[field]]),
  );
}
