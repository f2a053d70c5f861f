/** One of a few: all of them are seen at once, and arrows move between them. */
import "./choice.css";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface ChoiceProps<Name extends string> {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly choices: readonly { readonly name: Name; readonly title: string }[];
  readonly current: Name;
  readonly onChange: (name: Name) => void;
}

export function Choice<Name extends string>({ label, hint, choices, current, onChange }: ChoiceProps<Name>) {
  const id = useId();
  return (
    <fieldset class="choice" aria-describedby={hint === undefined ? undefined : `${id}-hint`}>
      <legend>{label}</legend>
      <div class="choice-row">
        {choices.map(({ name, title }) => (
          <label key={name}>
            <input type="radio" name={id} checked={name === current} onChange={() => onChange(name)} />
            <span>{title}</span>
          </label>
        ))}
      </div>
      {hint !== undefined && (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </fieldset>
  );
}
