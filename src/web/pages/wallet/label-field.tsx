/** What the forms that bring a key into this browser share: their props, and the field for the name of the key. */
import { Field } from "../../parts/field.tsx";
import { type KeyRing, labelLengthMax } from "../../wallet/key-ring.ts";

export interface KeyFormProps {
  readonly ring: KeyRing;
  readonly onDone: (said: string) => void;
  readonly onCancel: () => void;
}

interface LabelFieldProps {
  readonly label: string;
  readonly fault: string | undefined;
  readonly onLabel: (label: string) => void;
}

export function LabelField({ label, fault, onLabel }: LabelFieldProps) {
  return (
    <Field label="Name in this browser" fault={fault}>
      {(props) => (
        <input
          {...props}
          value={label}
          maxLength={labelLengthMax}
          onInput={({ currentTarget }) => onLabel(currentTarget.value)}
        />
      )}
    </Field>
  );
}
