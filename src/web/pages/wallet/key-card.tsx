/** One key: whose it is, what its account has on this chain, and what can be done with it. */

import { useState } from "preact/hooks";
import { groupedAddress } from "../../../base/visible-text.ts";
import type { KeystoreCipher, Stretch } from "../../../client/index.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Amount } from "../../parts/amount.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Field } from "../../parts/field.tsx";
import { HashStrip } from "../../parts/hash.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { useLink } from "../../shell/place.ts";
import type { KeyRing } from "../../wallet/key-ring.ts";
import { PassphraseForm } from "../../wallet/passphrase-form.tsx";
import type { KeyRow } from "../../wallet/rows.ts";
import { keystoreFileName } from "./file-name.ts";
import { LabelField } from "./label-field.tsx";

type Doing = "nothing" | "unlock" | "rename" | "export" | "remove";

interface KeyCardProps {
  readonly row: KeyRow;
  /** When it locks itself; undefined while it is locked. */
  readonly locksAtMs: number | undefined;
  readonly ring: KeyRing;
  readonly onDone: (said: string) => void;
}

const backups = {
  words: "its words were written down",
  file: "its keystore file was downloaded",
  imported: "it came from words, a seed or a file that you have",
} as const;

export function KeyCard({ row, locksAtMs, ring, onDone }: KeyCardProps) {
  const link = useLink();
  const [doing, setDoing] = useState<Doing>("nothing");
  const { id, label, address } = row;
  const isOpen = locksAtMs !== undefined;
  const done = (said: string) => {
    setDoing("nothing");
    onDone(said);
  };
  const cancel = () => setDoing("nothing");
  return (
    <Card title={label} lead={isOpen ? <Badge kind="good">Unlocked</Badge> : <Badge>Locked</Badge>}>
      <div class="stack">
        <Facts>
          <Fact label="Address" meaning="The account's address: give it to whoever pays you.">
            <span class="wallet-address">
              <HashStrip value={address} /> <code>{groupedAddress(address)}</code>{" "}
              <CopyButton text={address} />
            </span>
          </Fact>
          <Balance address={address} />
          <Fact label="Backup" meaning="How you could get the key back without this browser.">
            {backups[row.backup]}
          </Fact>
          {row.path !== "" && (
            <Fact label="Path" meaning="Where in its words the key is from, by SLIP-0010.">
              <code>{row.path}</code>
            </Fact>
          )}
          {isOpen && (
            <Fact label="Locks itself" meaning="If it is not used until then. A reload locks it, too.">
              <AgeTime ms={locksAtMs} />
            </Fact>
          )}
        </Facts>
        {doing === "nothing" && (
          <div class="row">
            <a class="button main" href={link("send", {}, { key: address })}>
              Send from it
            </a>
            {isOpen ? (
              <Button onClick={() => ring.lock(id)}>Lock</Button>
            ) : (
              <Button onClick={() => setDoing("unlock")}>Unlock</Button>
            )}
            <Button onClick={() => setDoing("rename")}>Rename</Button>
            <Button onClick={() => setDoing("export")}>Export</Button>
            <Button kind="danger" onClick={() => setDoing("remove")}>
              Remove
            </Button>
          </div>
        )}
        {doing === "unlock" && (
          <PassphraseForm
            label={`Passphrase of ${label}`}
            action="Unlock"
            onCancel={cancel}
            onPassphrase={async (passphrase, stretch) => {
              const opened = await ring.unlock(id, passphrase, stretch);
              if (!opened.ok) return `The key ${opened.fault}.`;
              done(`${label} is unlocked in this tab.`);
              return undefined;
            }}
          />
        )}
        {doing === "rename" && (
          <Rename
            label={label}
            onCancel={cancel}
            onLabel={async (next) => {
              await ring.change(id, { label: next });
              done(`The key is called ${next} now.`);
            }}
          />
        )}
        {doing === "export" && <Export row={row} ring={ring} onDone={done} onCancel={cancel} />}
        {doing === "remove" && <Remove row={row} ring={ring} onDone={onDone} onCancel={cancel} />}
      </div>
    </Card>
  );
}

function Balance({ address }: { address: string }) {
  const answer = useAnswer(({ api }) => api.account(address), [address], {
    reloadOn: ["head", "mempool"],
  });
  return (
    <>
      <Fact label="Account" meaning="What the ledger knows it by on this chain.">
        <AccountLink address={address} name={answer.answer?.name ?? null} />
      </Fact>
      <Fact label="Can spend" meaning="The balance at the head, less what this account has waiting.">
        <Loaded of={answer}>
          {({ balances: { spendable, pendingIn, pendingInUnits }, immature, immatureUnits }) => (
            <>
              <Amount value={spendable} />
              {pendingInUnits !== "0" && <span class="soft"> (+{pendingIn} pending)</span>}
              {immatureUnits !== "0" && <span class="soft"> (+{immature} earned, not mature yet)</span>}
            </>
          )}
        </Loaded>
      </Fact>
    </>
  );
}

interface RenameProps {
  readonly label: string;
  readonly onLabel: (label: string) => void;
  readonly onCancel: () => void;
}

function Rename({ label, onLabel, onCancel }: RenameProps) {
  const [text, setText] = useState(label);
  const [fault, setFault] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") setFault("Write a name for the key.");
    else onLabel(text.trim());
  };
  return (
    <form class="stack wallet-form" onSubmit={submit}>
      <LabelField label={text} fault={fault} onLabel={setText} />
      <div class="row">
        <Button kind="main" type="submit">
          Rename
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

interface DialogueProps {
  readonly row: KeyRow;
  readonly ring: KeyRing;
  readonly onDone: (said: string) => void;
  readonly onCancel: () => void;
}

function Export({ row: { id, label, address }, ring, onDone, onCancel }: DialogueProps) {
  const [cipher, setCipher] = useState<KeystoreCipher>("aes-128-gcm");
  const save = async (passphrase: string, stretch: Stretch) => {
    const text = await ring.exported(id, passphrase, cipher, stretch);
    if (!text.ok) return `The key ${text.fault}.`;
    saveFile(keystoreFileName(address), new Blob([text.value], { type: "application/json" }));
    onDone(`The keystore file of ${label} was handed to the browser's downloads.`);
    return undefined;
  };
  return (
    <>
      <Field
        label="For which program"
        hint="Both are encrypted by the passphrase that the key has here. On the command line: aurex-node keys import NAME --file FILE."
      >
        {(props) => (
          <select
            {...props}
            value={cipher}
            onInput={({ currentTarget }) => setCipher(currentTarget.value as KeystoreCipher)}
          >
            <option value="aes-128-gcm">Aurex: this page and the command line</option>
            <option value="aes-128-ctr">Other programs that read EIP-2335</option>
          </select>
        )}
      </Field>
      <PassphraseForm
        label={`Passphrase of ${label}`}
        action="Download the keystore file"
        onPassphrase={save}
        onCancel={onCancel}
      />
    </>
  );
}

function Remove({ row: { id, label }, ring, onDone, onCancel }: DialogueProps) {
  return (
    <>
      <Note kind="bad" title={`Remove ${label} from this browser?`}>
        Without its words or its keystore file, what its account has is lost for ever. Type the passphrase to
        show that you know which key it is.
      </Note>
      <PassphraseForm
        label={`Passphrase of ${label}`}
        action="Remove the key"
        kind="danger"
        onCancel={onCancel}
        onPassphrase={async (passphrase, stretch) => {
          const opened = await ring.unlock(id, passphrase, stretch);
          if (!opened.ok) return `The key ${opened.fault}.`;
          await ring.remove(id);
          onDone(`${label} was removed from this browser.`);
          return undefined;
        }}
      />
    </>
  );
}
