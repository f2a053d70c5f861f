/** The form: what is to be done, by whom, for which fee. What does not fit is said at its input before anything is signed. */
import { useEffect, useState } from "preact/hooks";
import { fromUtf8 } from "../../../base/bytes.ts";
import { formatAmount, publicKeyOfAddress } from "../../../client/index.ts";
import { useNode } from "../../live/node-view.ts";
import { Amount } from "../../parts/amount.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { useFirstFault } from "../../parts/use-focus.ts";
import { contactsOf } from "../../wallet/address-book.ts";
import {
  emptyForm,
  type FormFaults,
  type FormField,
  type FormTexts,
  readForm,
  readRecipient,
  type WishKind,
} from "../../wallet/form.ts";
import type { ContactRow, KeyRow } from "../../wallet/rows.ts";
import { expectedBytes, type FeeChoice, feeChoices, feeFor } from "./fee-choice.ts";
import { KindFields, TextField } from "./form-fields.tsx";
import { addressOfName, type Proposal, proposalOf } from "./proposal.ts";
import type { SendTools } from "./send-tools.ts";
import { type SenderFacts, useSenderFacts } from "./use-sender.ts";

interface SendFormProps {
  readonly tools: SendTools;
  readonly row: KeyRow;
  /** From the page's address: `to`, `amount`, `asset`, `memo`, `name`, … */
  readonly given: Partial<FormTexts>;
  readonly kind: WishKind;
  readonly onKind: (kind: WishKind) => void;
  readonly onProposal: (proposal: Proposal) => void;
}

const kinds = [
  { name: "transfer", title: "Send" },
  { name: "registerUser", title: "Name" },
  { name: "record", title: "Record" },
  { name: "issueAsset", title: "Asset" },
] as const;

export function SendForm({ tools, row, given, kind, onKind, onProposal }: SendFormProps) {
  const [texts, setTexts] = useState<FormTexts>({ ...emptyForm, ...given });
  const facts = useSenderFacts(row.address, kind === "transfer" ? texts.asset : "AUR");
  const change = (field: FormField, text: string) => setTexts((old) => ({ ...old, [field]: text }));
  return (
    <Tabs label="What to do" tabs={kinds} current={kind} onChange={onKind}>
      <Loaded of={facts}>
        {(known) => (
          <FormOfKind
            key={kind}
            {...{ tools, row, kind, texts, onProposal }}
            facts={known}
            onChange={change}
          />
        )}
      </Loaded>
    </Tabs>
  );
}

interface FormOfKindProps extends Pick<SendFormProps, "tools" | "row" | "kind" | "onProposal"> {
  readonly texts: FormTexts;
  readonly facts: SenderFacts;
  readonly onChange: (field: FormField, text: string) => void;
}

function FormOfKind({ tools, row, kind, texts, facts, onChange, onProposal }: FormOfKindProps) {
  const { api } = useNode();
  const [choice, setChoice] = useState<FeeChoice>("3");
  const [faults, setFaults] = useState<FormFaults>({});
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const contacts = useContacts(tools);
  const firstFault = useFirstFault();
  const { account, stats, holdings } = facts;
  const bytes = expectedBytes(textBytes(kind, texts));
  const suggested = feeFor(choice === "own" ? "3" : choice, stats, bytes);
  const feeText = choice === "own" ? texts.fee : formatAmount(suggested);
  const submit = async (event: Event) => {
    event.preventDefault();
    const from = document.activeElement;
    setProblem(undefined);
    setBusy(true);
    try {
      const found = kind === "transfer" ? await recipientOf(texts.to) : undefined;
      const minimumFeeUnits = BigInt(stats.minimumFeeUnits);
      const headHeight = stats.head.height;
      const known = { holdings, minimumFeeUnits, headHeight };
      const read = readForm(kind, { ...texts, fee: feeText }, known, found?.publicKey);
      setFaults(read.ok ? {} : read.faults);
      if (!read.ok) return firstFault.focus(from);
      const asset = holdings.find(({ id }) => id === texts.asset);
      const named = { toName: found?.name, asset: texts.asset === "AUR" ? undefined : asset };
      onProposal(await proposalOf(read.value, row, named, { ...tools, api }));
    } catch (thrown) {
      setProblem(thrown);
    } finally {
      setBusy(false);
    }
  };
  const recipientOf = async (text: string) => {
    const recipient = readRecipient(text);
    if (recipient.kind === "fault") return undefined;
    if (recipient.kind === "key") return { publicKey: recipient.publicKey, name: undefined };
    const address = await addressOfName(api, recipient.name);
    const publicKey = address && publicKeyOfAddress(address);
    return publicKey ? { publicKey, name: recipient.name } : undefined;
  };
  return (
    <form class="stack wallet-form" ref={firstFault.form} onSubmit={submit}>
      <Balances {...account} />
      <KindFields
        {...{ kind, texts, faults, onChange, account, contacts }}
        fee={suggested}
        holding={holdings.find(({ id }) => id === texts.asset)}
      />
      <Field
        label="Fee"
        hint="Whoever makes the block gets it."
        fault={choice === "own" ? undefined : faults.fee}
      >
        {(props) => (
          <select
            {...props}
            value={choice}
            onInput={({ currentTarget }) => setChoice(currentTarget.value as FeeChoice)}
          >
            {feeChoices.map((each) => (
              <option key={each} value={each}>
                {each === "own"
                  ? "Another fee"
                  : `${soon[each]}: ${formatAmount(feeFor(each, stats, bytes))} AUR`}
              </option>
            ))}
          </select>
        )}
      </Field>
      {choice === "own" && (
        <TextField
          {...{ texts, faults, onChange }}
          field="fee"
          label="Fee in AUR"
          hint={`At least ${stats.minimumFee}.`}
          mode="decimal"
        />
      )}
      <details>
        <summary>Valid until</summary>
        <TextField
          {...{ texts, faults, onChange }}
          field="validUntil"
          label="Last block that may hold it"
          hint={`Empty for no limit. The head is ${stats.head.height}.`}
          mode="numeric"
        />
      </details>
      {problem !== undefined && <ProblemNote problem={problem} />}
      <div class="row">
        <Button kind="main" type="submit" disabled={isBusy}>
          {isBusy ? "Asking the node …" : "Look at what is signed"}
        </Button>
      </div>
    </form>
  );
}

const soon = { "1": "Next block", "3": "In about 3 blocks", "10": "In about 10 blocks" } as const;

function Balances({ balances, immature, immatureUnits }: SenderFacts["account"]) {
  return (
    <p class="small">
      Can be spent: <Amount value={balances.spendable} />
      {balances.pendingOutUnits !== "0" && <span class="soft"> · {balances.pendingOut} on its way out</span>}
      {balances.pendingInUnits !== "0" && <span class="soft"> · {balances.pendingIn} on its way in</span>}
      {immatureUnits !== "0" && <span class="soft"> · {immature} earned, not mature yet</span>}
    </p>
  );
}

function useContacts({ keep, chainId }: SendTools): readonly ContactRow[] {
  const [contacts, setContacts] = useState<readonly ContactRow[]>([]);
  useEffect(() => {
    let isOver = false;
    void contactsOf(keep, chainId).then((found) => {
      if (!isOver) setContacts(found);
    });
    return () => {
      isOver = true;
    };
  }, [keep, chainId]);
  return contacts;
}

function textBytes(kind: WishKind, texts: FormTexts): number {
  const parts: Record<WishKind, readonly FormField[]> = {
    transfer: ["memo"],
    record: ["data"],
    registerUser: ["name"],
    issueAsset: ["symbol", "assetName", "metadata"],
  };
  return parts[kind].reduce((sum, field) => sum + fromUtf8(texts[field]).length, 0);
}
