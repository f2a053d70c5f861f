/** An input with its label, a hint, and what is wrong with it. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** What the input itself takes: `<input {...props} />`. */
export interface InputProps {
  readonly id: string;
  readonly class: "input";
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** Undefined or empty: nothing is wrong. */
  readonly fault?: string | undefined;
  readonly children: (props: InputProps) => ComponentChildren;
}

export function Field({ label, hint, fault, children }: FieldProps) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        class: "input",
        "aria-describedby": described || undefined,
        "aria-invalid": Boolean(fault),
      })}
      {hint !== undefined && (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {fault && (
        <div class="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </div>
      )}
    </div>
  );
}
