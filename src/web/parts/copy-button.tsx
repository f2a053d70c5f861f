/** Copies a text; a page of plain HTTP on a LAN has no clipboard, so there is a second way, and a failure shows. */
import { useEffect, useState } from "preact/hooks";

const shownMs = 1_500;

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), shownMs);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <button
      type="button"
      class="copy"
      title={`${label}: ${text}`}
      onClick={async () => setState((await copied(text)) ? "copied" : "failed")}
    >
      <span aria-hidden="true">{state === "idle" ? "⧉" : state === "copied" ? "✓" : "✗"}</span>
      <span class="unseen" role={state === "idle" ? undefined : "status"}>
        {state === "idle" ? label : state === "copied" ? "Copied" : "Not copied: select the text and copy it"}
      </span>
    </button>
  );
}

/** Whether the text is in the clipboard now. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  const active = document.activeElement;
  document.body.append(field);
  field.select();
  try {
    // Deprecated, and the only way where a page has no clipboard.
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (active instanceof HTMLElement) active.focus();
  }
}
