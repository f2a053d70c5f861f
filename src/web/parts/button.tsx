/** What one can press. */
import type { ComponentChildren } from "preact";

interface ButtonProps {
  readonly kind?: "plain" | "main" | "danger";
  readonly type?: "button" | "submit";
  readonly disabled?: boolean;
  readonly onClick?: () => void;
  readonly children?: ComponentChildren;
}

export function Button({ kind = "plain", type = "button", disabled, onClick, children }: ButtonProps) {
  return (
    <button type={type} class={`button ${kind}`} disabled={disabled} onClick={onClick}>
      {children}
    </button>
  );
}
