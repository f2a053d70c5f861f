/** Asking for a passphrase: of a key that is there, and twice for a new one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { hasStrayCharacters, passphraseFault, type Stretch } from "../../client/index.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { useFirstFault, useFocus } from "../parts/use-focus.ts";
import { pageStretch } from "./use-wallet.ts";

interface PassphraseFormProps {
  readonly label: string;
  readonly action: string;
  /** Answers why it did not work; undefined if it did. */
  readonly onPassphrase: (passphrase: string, stretch: Stretch) => Promise<string | undefined>;
  readonly onCancel?: () => void;
  readonly kind?: "main" | "plain" | "danger";
}

export function PassphraseForm({
  label,
  action,
  onPassphrase,
  onCancel,
  kind = "main",
}: PassphraseFormProps) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string>();
  const work = useStretchWork();
  const firstFault = useFirstFault();
  useFocus(() => firstFault.form.current?.querySelector("input"));
  const submit = async (event: Event) => {
    event.preventDefault();
    if (work.isBusy) return;
    if (text === "") {
      setFault("Type the passphrase of this key.");
      return firstFault.focus();
    }
    const from = document.activeElement;
    setFault(undefined);
    const reason = await work.run((stretch) => onPassphrase(text, stretch));
    if (reason === undefined) return setText("");
    const hint = hasStrayCharacters(text) ? " It begins or ends with white space: is that meant?" : "";
    setFault(`${reason}${hint}`);
    firstFault.focus(from);
  };
  return (
    <form class="stack wallet-form" ref={firstFault.form} onSubmit={submit}>
      <Field label={label} fault={fault}>
        {(props) => (
          <input
            {...props}
            type="password"
            {...secretInput}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        )}
      </Field>
      <StretchProgress share={work.share} />
      <div class="row">
        <Button kind={kind} type="submit" disabled={work.isBusy}>
          {work.isBusy ? "Opening …" : action}
        </Button>
        {onCancel && <Button onClick={work.isBusy ? work.cancel : onCancel}>Cancel</Button>}
      </div>
    </form>
  );
}

/** No browser may send, save or correct what is typed here. */
export const secretInput = {
  autocomplete: "off",
  autocapitalize: "none",
  spellcheck: false,
  "data-1p-ignore": true,
  "data-lpignore": "true",
} as const;

interface NewPassphraseProps {
  readonly value: string;
  readonly repeated: string;
  readonly onChange: (value: string, repeated: string) => void;
  /** Whether faults are shown: only after a try. */
  readonly isTried: boolean;
}

export function NewPassphrase({ value, repeated, onChange, isTried }: NewPassphraseProps) {
  const faults = newPassphraseFaults(value, repeated);
  return (
    <>
      <Field
        label="Passphrase"
        hint="It encrypts the key in this browser. Whoever gets at the browser's files can try passphrases: five words that nobody would guess are strong. Nobody can reset it."
        fault={isTried ? faults.value : undefined}
      >
        {(props) => (
          <input
            {...props}
            type="password"
            {...secretInput}
            value={value}
            onInput={({ currentTarget }) => onChange(currentTarget.value, repeated)}
          />
        )}
      </Field>
      <Field label="The same passphrase again" fault={isTried ? faults.repeated : undefined}>
        {(props) => (
          <input
            {...props}
            type="password"
            {...secretInput}
            value={repeated}
            onInput={({ currentTarget }) => onChange(value, currentTarget.value)}
          />
        )}
      </Field>
    </>
  );
}

export function newPassphraseFaults(
  value: string,
  repeated: string,
): { readonly value?: string; readonly repeated?: string } {
  const fault = passphraseFault(value);
  if (fault !== undefined) return { value: `This passphrase is not taken: ${fault}.` };
  return value === repeated ? {} : { repeated: "The two are not the same. Type them again." };
}

export interface StretchWork {
  readonly isBusy: boolean;
  /** From 0 to 1 while it runs. */
  readonly share: number | undefined;
  /** Answers what `work` answered, or why it failed. */
  run(work: (stretch: Stretch) => Promise<string | undefined>): Promise<string | undefined>;
  cancel(): void;
}

/** Runs one piece of work with a slow key at a time, and ends it with the component. */
export function useStretchWork(): StretchWork {
  const [share, setShare] = useState<number>();
  const over = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => over.current?.abort(new Error("the page was left")), []);
  return {
    isBusy: share !== undefined,
    share,
    async run(work) {
      const controller = new AbortController();
      over.current = controller;
      setShare(0);
      try {
        return await work(pageStretch({ onProgress: setShare, signal: controller.signal }));
      } catch (thrown) {
        return thrown instanceof Error ? `${thrown.message}.` : String(thrown);
      } finally {
        setShare(undefined);
      }
    },
    cancel: () => over.current?.abort(new Error("You have cancelled it")),
  };
}

export function StretchProgress({ share }: { readonly share: number | undefined }) {
  if (share === undefined) return null;
  return (
    <div class="wallet-progress" role="status">
      <span class="small soft">
        Making the key of the passphrase. It takes 128 MiB of memory and a few seconds.
      </span>
      <progress value={share} max={1} aria-label="Making the key of the passphrase" />
    </div>
  );
}
