/** From a reviewed draft to a transaction that a node has: one tab at a time, the same bytes however often. */
import { getNextSequence } from "../../api/accounts.ts";
import type { Submitted } from "../../api/transactions.ts";
import { toHex } from "../../base/bytes.ts";
import {
  type ApiClient,
  ApiProblem,
  type KeyPair,
  OutcomeUnknown,
  resubmitKept,
  submitSafely,
} from "../../client/index.ts";
import { type Draft, signDraft } from "./draft.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxRow } from "./rows.ts";

/** What was shown is not what would be signed now: it is to be shown again. */
export class DraftOutdated extends Error {
  override name = "DraftOutdated";
  readonly nextSequence: number;

  constructor(shown: number, next: number) {
    super(
      `another transaction of this key has taken the sequence ${shown}; the next one is ${next}. Nothing was signed`,
    );
    this.nextSequence = next;
  }
}

/** The node at this address is on another chain than the one that the transaction is for. */
export class ChainChanged extends Error {
  override name = "ChainChanged";

  constructor(wanted: string, found: string) {
    super(
      `the node is on the chain ${found.slice(0, 8)}… now, and the transaction is for ${wanted.slice(0, 8)}…. It was not sent`,
    );
  }
}

/** Runs work while no other tab sends with the same key on the same chain. */
export type TakeTurn = <Value>(name: string, work: () => Promise<Value>) => Promise<Value>;

export interface SendContext {
  readonly api: ApiClient;
  readonly chainId: string;
  readonly outbox: Outbox;
  readonly takeTurn: TakeTurn;
  readonly signal?: AbortSignal | undefined;
  /** How long to send again while no answer comes; default 30,000. */
  readonly tryForMs?: number;
}

/** What became of an entry whose fate was not known. */
export interface Resent {
  readonly row: OutboxRow;
  /** "sent": a node has it. "over": the chain can never execute it. "refused": not now. "unknown": still no answer. */
  readonly fate: "sent" | "over" | "refused" | "unknown";
  readonly problem?: ApiProblem;
}

const tryForMsDefault = 30_000;

/**
 * Signs a draft and sends it. Before that, what this key has signed earlier and has no answer to is sent again.
 *
 * @param what in words, for the list of what was sent
 * @param replace whether it may take the place of one that waits with its sequence
 * @throws DraftOutdated, ChainChanged, TurnTaken, SequenceHeld: nothing was signed; ApiProblem: the node refused it;
 *   OutcomeUnknown: no answer came, and it is kept and will be sent again
 */
export function signAndSend(
  draft: Draft,
  keyPair: KeyPair,
  { what, replace }: { readonly what: string; readonly replace: boolean },
  context: SendContext,
): Promise<Submitted> {
  const { chainId, outbox } = context;
  if (draft.chainId !== chainId) throw new ChainChanged(draft.chainId, chainId);
  const sender = toHex(draft.sender);
  return context.takeTurn(`${chainId}/${sender}`, async () => {
    const api = apiOfChain(context.api, chainId);
    const except = replace ? draft.sequence : undefined;
    const lost = (await resendOf(sender, { ...context, api }, except)).find(({ fate }) => fate === "unknown");
    if (lost) throw new OutcomeUnknown(lost.row.id, undefined);
    if (!replace) await requireNext(api, sender, draft.sequence);
    const signed = signDraft(draft, keyPair);
    const row = { id: signed.idHex, chainId, sequence: draft.sequence, bytes: new Uint8Array(signed.bytes) };
    await outbox.add(signed, { chainId, replace, what, signedAtMs: Date.now() });
    const store = outbox.storeOf(row);
    try {
      const answer = await submitSafely(api, signed, chainId, { ...optionsOf(context), store, replace });
      if (replace) await forgetReplaced(row, sender, outbox);
      return answer;
    } catch (thrown) {
      if (thrown instanceof ApiProblem) {
        if (store.wasForgotten) await outbox.forget(row.id);
        else await outbox.mark(row.id, "refused");
      }
      throw thrown;
    }
  });
}

/** Sends again what has no answer: after a reload, and when the node is there again. */
export async function resendUnsent(context: SendContext): Promise<Resent[]> {
  const { chainId, outbox } = context;
  const unsent = (await outbox.entries(chainId)).filter(({ state }) => state === "unsent");
  const resent: Resent[] = [];
  for (const sender of new Set(unsent.map((row) => row.sender))) {
    const api = apiOfChain(context.api, chainId);
    resent.push(
      ...(await context.takeTurn(`${chainId}/${sender}`, () => resendOf(sender, { ...context, api }))),
    );
  }
  return resent;
}

/** Sends one entry again, whatever its state is: the same bytes. */
export function resend(row: OutboxRow, context: SendContext): Promise<Resent> {
  const api = apiOfChain(context.api, context.chainId);
  return context.takeTurn(`${row.chainId}/${row.sender}`, () => resendRow(row, { ...context, api }));
}

/** @param except a sequence that is about to be given to a replacement: what has it is left alone */
async function resendOf(sender: string, context: SendContext, except?: number): Promise<Resent[]> {
  const rows = await context.outbox.entries(context.chainId, sender);
  const unsent = rows.filter(({ state, sequence }) => state === "unsent" && sequence !== except);
  const resent: Resent[] = [];
  for (const row of unsent.sort((one, other) => one.sequence - other.sequence)) {
    const one = await resendRow(row, context);
    resent.push(one);
    if (one.fate === "unknown") break;
  }
  return resent;
}

async function resendRow(row: OutboxRow, context: SendContext): Promise<Resent> {
  const { api, outbox } = context;
  const store = outbox.storeOf(row);
  try {
    const options = { ...optionsOf(context), store, replace: row.replace };
    const [fate] = await resubmitKept(api, row.chainId, options);
    if (fate?.fate !== "refused") return { row, fate: "sent" };
    if (store.wasForgotten) await outbox.forget(row.id);
    else await outbox.mark(row.id, "refused");
    return { row, fate: store.wasForgotten ? "over" : "refused", problem: fate.problem };
  } catch (thrown) {
    if (thrown instanceof OutcomeUnknown) return { row, fate: "unknown" };
    throw thrown;
  }
}

/** What has the sequence of a transaction that a node has taken instead can never be executed: no answer is awaited. */
async function forgetReplaced(
  { id, chainId, sequence }: Pick<OutboxRow, "id" | "chainId" | "sequence">,
  sender: string,
  outbox: Outbox,
): Promise<void> {
  for (const row of await outbox.entries(chainId, sender)) {
    if (row.sequence === sequence && row.id !== id && row.state !== "answered") await outbox.forget(row.id);
  }
}

async function requireNext(api: ApiClient, sender: string, sequence: number): Promise<void> {
  const { nextSequence } = await api.call(getNextSequence, { params: { account: sender } });
  if (nextSequence !== sequence) throw new DraftOutdated(sequence, nextSequence);
}

/**
 * The same client, which asks before each submission whether the node is still on the chain: a node that was begun anew at
 * this address would refuse the bytes for good, and they would be forgotten.
 */
function apiOfChain(api: ApiClient, chainId: string): ApiClient {
  return {
    ...api,
    async submit(bytes, replace) {
      const { chainId: found } = await api.node();
      if (found !== chainId) throw new ChainChanged(chainId, found);
      return api.submit(bytes, replace);
    },
  };
}

function optionsOf({ signal, tryForMs = tryForMsDefault }: SendContext) {
  return { tryForMs, ...(signal && { signal }) };
}
