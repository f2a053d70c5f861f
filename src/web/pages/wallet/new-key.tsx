/** Making a key: its name and passphrase, its words, and showing that they were written down. */

import { useState } from "preact/hooks";
import { accountPath, newWords, seedFromWords, type WordCount } from "../../../client/index.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Field } from "../../parts/field.tsx";
import { Note } from "../../parts/note.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { useFirstFault, useFocus } from "../../parts/use-focus.ts";
import type { KeyRing } from "../../wallet/key-ring.ts";
import {
  NewPassphrase,
  newPassphraseFaults,
  StretchProgress,
  secretInput,
  useStretchWork,
} from "../../wallet/passphrase-form.tsx";
import type { Backup, KeyRow } from "../../wallet/rows.ts";
import { StepHead } from "../../wallet/step-head.tsx";
import { isAnswer, questionsOf, type WordQuestion } from "../../wallet/words-check.ts";
import { keystoreFileName } from "./file-name.ts";
import { type KeyFormProps, LabelField } from "./label-field.tsx";

/** What was made in the first step; it leaves this component's memory with the last. */
interface Made {
  readonly words: readonly string[];
  readonly row: Omit<KeyRow, "backup">;
}

export function NewKey({ ring, onDone, onCancel }: KeyFormProps) {
  const [made, setMade] = useState<Made>();
  const [questions, setQuestions] = useState<readonly WordQuestion[]>();
  const keep = async (backup: Backup) => {
    if (!made) return;
    await ring.add(made.row, backup);
    onDone(`${made.row.label} is in this browser now. It is locked.`);
  };
  const download = (row: Omit<KeyRow, "backup">) => {
    saveFile(keystoreFileName(row.address), new Blob([row.keystore], { type: "application/json" }));
    void keep("file");
  };
  return (
    <Card title="Make a new key">
      {!made ? (
        <NameAndPassphrase ring={ring} onMade={setMade} onCancel={onCancel} />
      ) : questions ? (
        <CheckWords
          questions={questions}
          onRight={() => keep("words")}
          onBack={() => setQuestions(undefined)}
        />
      ) : (
        <ShowWords
          words={made.words}
          onNext={() => setQuestions(questionsOf(made.words))}
          onDownload={() => download(made.row)}
          onCancel={onCancel}
        />
      )}
    </Card>
  );
}

interface NameAndPassphraseProps {
  readonly ring: KeyRing;
  readonly onMade: (made: Made) => void;
  readonly onCancel: () => void;
}

function NameAndPassphrase({ ring, onMade, onCancel }: NameAndPassphraseProps) {
  const [label, setLabel] = useState(`Key ${ring.state.keys.length + 1}`);
  const [count, setCount] = useState<WordCount>(12);
  const [passphrase, setPassphrase] = useState({ value: "", repeated: "" });
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<string>();
  const firstFault = useFirstFault();
  const work = useStretchWork();
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    const faults = newPassphraseFaults(passphrase.value, passphrase.repeated);
    if (label.trim() === "" || faults.value || faults.repeated) return firstFault.focus();
    const words = newWords(count);
    let row: Made["row"] | undefined;
    const reason = await work.run(async (stretch) => {
      const seed = await seedFromWords(words);
      const key = { seed, label: label.trim(), passphrase: passphrase.value, path: accountPath(0) };
      row = await ring.encrypt(key, stretch);
      seed.fill(0);
      return undefined;
    });
    setFailure(reason);
    if (row) onMade({ words: words.split(" "), row });
  };
  return (
    <form class="stack wallet-form" ref={firstFault.form} onSubmit={submit}>
      <StepHead>1 of 3: its name and passphrase</StepHead>
      <LabelField
        label={label}
        fault={isTried && label.trim() === "" ? "Write a name." : undefined}
        onLabel={setLabel}
      />
      <Field
        label="How many words"
        hint="They are the key on paper. Both are strong; 24 are longer to write."
      >
        {(props) => (
          <select
            {...props}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value) as WordCount)}
          >
            <option value={12}>12 words</option>
            <option value={24}>24 words</option>
          </select>
        )}
      </Field>
      <NewPassphrase
        {...passphrase}
        isTried={isTried}
        onChange={(value, repeated) => setPassphrase({ value, repeated })}
      />
      {failure !== undefined && (
        <Note kind="bad" title="The key was not made">
          {failure}
        </Note>
      )}
      <StretchProgress share={work.share} />
      <div class="row">
        <Button kind="main" type="submit" disabled={work.isBusy}>
          {work.isBusy ? "Making it …" : "Next: its words"}
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

interface ShowWordsProps {
  readonly words: readonly string[];
  readonly onNext: () => void;
  readonly onDownload: () => void;
  readonly onCancel: () => void;
}

function ShowWords({ words, onNext, onDownload, onCancel }: ShowWordsProps) {
  return (
    <div class="stack">
      <StepHead>2 of 3: write down these {words.length} words</StepHead>
      <Note kind="warn" title="They are shown once and kept nowhere">
        On paper, in this order. Whoever reads them has the key. Take no photo of them, and type them into no
        other page.
      </Note>
      <ol class="wallet-words" translate={false} aria-label="The words of the key">
        {words.map((word, index) => (
          <li key={index}>
            <span class="soft">{index + 1}</span> <strong>{word}</strong>
          </li>
        ))}
      </ol>
      <div class="row">
        <Button kind="main" onClick={onNext}>
          I have written them down
        </Button>
        <Button onClick={onDownload}>Download the keystore file instead</Button>
        <Button onClick={onCancel}>Throw this key away</Button>
      </div>
    </div>
  );
}

interface CheckWordsProps {
  readonly questions: readonly WordQuestion[];
  readonly onRight: () => Promise<void>;
  readonly onBack: () => void;
}

function CheckWords({ questions, onRight, onBack }: CheckWordsProps) {
  const [typed, setTyped] = useState<readonly string[]>(questions.map(() => ""));
  const [isTried, setTried] = useState(false);
  const firstFault = useFirstFault();
  useFocus(() => firstFault.form.current?.querySelector("input"));
  const wrong = questions.map((question, index) => !isAnswer(question, typed[index] ?? ""));
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (wrong.includes(true)) firstFault.focus();
    else void onRight();
  };
  return (
    <form class="stack wallet-form" ref={firstFault.form} onSubmit={submit} autocomplete="off">
      <StepHead>3 of 3: three of them, from your paper</StepHead>
      {questions.map(({ number }, index) => (
        <Field
          key={number}
          label={`Word ${number}`}
          fault={
            isTried && wrong[index] ? `This is not word ${number}. Look at your paper again.` : undefined
          }
        >
          {(props) => (
            <input
              {...props}
              {...secretInput}
              value={typed[index]}
              onInput={({ currentTarget: { value } }) =>
                setTyped(typed.map((text, at) => (at === index ? value : text)))
              }
            />
          )}
        </Field>
      ))}
      <div class="row">
        <Button kind="main" type="submit">
          Keep the key
        </Button>
        <Button onClick={onBack}>Show the words again</Button>
      </div>
    </form>
  );
}
