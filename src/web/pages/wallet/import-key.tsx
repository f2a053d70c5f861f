/** Taking over a key: from its words, from a seed in hex, or from a file of this or another program. */

import { useState } from "preact/hooks";
import {
  accountPath,
  fromHex,
  parsedForImport,
  type Result,
  readWords,
  type Stretch,
  seedFromWords,
} from "../../../client/index.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Field } from "../../parts/field.tsx";
import { Note } from "../../parts/note.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { useFirstFault } from "../../parts/use-focus.ts";
import {
  NewPassphrase,
  newPassphraseFaults,
  StretchProgress,
  secretInput,
  useStretchWork,
} from "../../wallet/passphrase-form.tsx";
import { type KeyFormProps, LabelField } from "./label-field.tsx";

type Source = "words" | "seed" | "file";
const sources = [
  { name: "words", title: "Words" },
  { name: "seed", title: "Seed in hex" },
  { name: "file", title: "File" },
] as const;

/** What was found in what was given; the seed is 32 bytes. */
type Found = Result<{ readonly seed: Uint8Array; readonly path: string }, string>;

/** Many times what a key needs. */
const fileBytesMax = 64 * 1024;
const accountMax = 2 ** 31 - 1;

export function ImportKey({ ring, onDone, onCancel }: KeyFormProps) {
  const [source, setSource] = useState<Source>("words");
  return (
    <Card title="Import a key">
      <Tabs label="Where the key is" tabs={sources} current={source} onChange={setSource}>
        <ImportForm key={source} source={source} ring={ring} onDone={onDone} onCancel={onCancel} />
      </Tabs>
    </Card>
  );
}

function ImportForm({ source, ring, onDone, onCancel }: KeyFormProps & { readonly source: Source }) {
  const [label, setLabel] = useState(`Key ${ring.state.keys.length + 1}`);
  const [text, setText] = useState("");
  const [account, setAccount] = useState("0");
  const [oldPassphrase, setOldPassphrase] = useState("");
  const [passphrase, setPassphrase] = useState({ value: "", repeated: "" });
  const [faults, setFaults] = useState<Readonly<Record<string, string | undefined>>>({});
  const [isTried, setTried] = useState(false);
  const firstFault = useFirstFault();
  const work = useStretchWork();
  const file = source === "file" && text !== "" ? parsedForImport(text) : undefined;
  const isEncrypted = file?.ok === true && file.value.isEncrypted;
  const fileFault = file && !file.ok ? `This is no key file that can be opened: ${file.fault}.` : undefined;
  // A file that has a passphrase keeps it.
  const next = isEncrypted ? oldPassphrase : passphrase.value;

  const find = async (stretch: Stretch): Promise<Found> => {
    if (source === "words") return ofWords(text, account);
    if (source === "seed") return ofSeed(text);
    const given = parsedForImport(text, stretch);
    if (!given.ok) return { ok: false, fault: `This is no key file that can be opened: ${given.fault}.` };
    const opened = await given.value.open(oldPassphrase);
    if (!opened.ok) return { ok: false, fault: `The file ${opened.fault.reason}.` };
    return { ok: true, value: { seed: opened.value, path: given.value.path } };
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    const early = {
      label: label.trim() === "" ? "Write a name." : undefined,
      text: text.trim() === "" ? missing[source] : fileFault,
      account: source === "words" && !isAccount(account) ? "Write a whole number from 0." : undefined,
      old: isEncrypted && oldPassphrase === "" ? "Type the passphrase of the file." : undefined,
    };
    const fresh = isEncrypted ? {} : newPassphraseFaults(passphrase.value, passphrase.repeated);
    setFaults(early);
    if (Object.values({ ...early, ...fresh }).some(Boolean)) return firstFault.focus();
    const from = document.activeElement;
    const reason = await work.run(async (stretch) => {
      const found = await find(stretch);
      if (!found.ok) return found.fault;
      const { seed, path } = found.value;
      const row = await ring.encrypt({ seed, path, label: label.trim(), passphrase: next }, stretch);
      seed.fill(0);
      const isThere = ring.state.keys.some(({ id }) => id === row.id);
      await ring.add(row, "imported");
      onDone(
        isThere
          ? "This key was here already; it has the passphrase that you typed now."
          : `${label.trim()} is in this browser now. It is locked.`,
      );
      return undefined;
    });
    if (reason === undefined) return;
    setFaults(isEncrypted ? { old: reason } : { text: reason });
    firstFault.focus(from);
  };
  return (
    <form class="stack wallet-form" ref={firstFault.form} onSubmit={submit} autocomplete="off">
      {source === "words" && (
        <>
          <Field
            label="Its words"
            hint="12 or 24, in their order. Capital letters, line ends and numbers before the words do not matter."
            fault={faults.text}
          >
            {(props) => (
              <textarea
                {...props}
                {...secretInput}
                rows={3}
                value={text}
                onInput={({ currentTarget }) => setText(currentTarget.value)}
              />
            )}
          </Field>
          <Field
            label="Account"
            hint="0, unless you have several keys of one set of words."
            fault={faults.account}
          >
            {(props) => (
              <input
                {...props}
                inputMode="numeric"
                value={account}
                onInput={({ currentTarget }) => setAccount(currentTarget.value)}
              />
            )}
          </Field>
        </>
      )}
      {source === "seed" && (
        <Field label="Its seed" hint="64 hex digits: the 32 bytes of an Ed25519 key." fault={faults.text}>
          {(props) => (
            <input
              {...props}
              {...secretInput}
              type="password"
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          )}
        </Field>
      )}
      {source === "file" && (
        <>
          <Field
            label="Its file"
            hint="A keystore of EIP-2335, or a key file of aurex-node (keys/NAME.json)."
            fault={fileFault ?? faults.text}
          >
            {(props) => (
              <input
                {...props}
                type="file"
                accept=".json,application/json"
                onChange={async ({ currentTarget }) => setText(await textOf(currentTarget.files?.[0]))}
              />
            )}
          </Field>
          {isEncrypted && (
            <Field label="Passphrase of the file" hint="The key keeps it here, too." fault={faults.old}>
              {(props) => (
                <input
                  {...props}
                  {...secretInput}
                  type="password"
                  value={oldPassphrase}
                  onInput={({ currentTarget }) => setOldPassphrase(currentTarget.value)}
                />
              )}
            </Field>
          )}
          {file?.ok && !isEncrypted && (
            <Note kind="warn" title="This file is not encrypted">
              Whoever can read it has the key. It is encrypted here by the passphrase below.
            </Note>
          )}
        </>
      )}
      <LabelField label={label} fault={faults.label} onLabel={setLabel} />
      {!isEncrypted && (
        <NewPassphrase
          {...passphrase}
          isTried={isTried}
          onChange={(value, repeated) => setPassphrase({ value, repeated })}
        />
      )}
      <StretchProgress share={work.share} />
      <div class="row">
        <Button kind="main" type="submit" disabled={work.isBusy}>
          {work.isBusy ? "Importing …" : "Import"}
        </Button>
        <Button onClick={work.isBusy ? work.cancel : onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

const missing: Record<Source, string> = {
  words: "Type the words.",
  seed: "Type the seed.",
  file: "Choose a file.",
};

async function ofWords(text: string, account: string): Promise<Found> {
  const words = readWords(text);
  if (!words.ok) return { ok: false, fault: `These are not the words of a key: ${words.fault}.` };
  const number = Number(account);
  return { ok: true, value: { seed: await seedFromWords(words.value, number), path: accountPath(number) } };
}

function ofSeed(text: string): Found {
  const seed = fromHex(text.trim().replace(/^0x/i, ""), 32);
  return seed
    ? { ok: true, value: { seed, path: "" } }
    : { ok: false, fault: "A seed has exactly 64 hex digits: 0 to 9 and a to f." };
}

function isAccount(text: string): boolean {
  return /^\d{1,10}$/.test(text.trim()) && Number(text) <= accountMax;
}

/** What is larger than any key's file is not read. */
async function textOf(file: File | undefined): Promise<string> {
  if (!file) return "";
  return file.size <= fileBytesMax ? file.text() : "too large";
}
