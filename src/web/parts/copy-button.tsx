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
      <span aria-hidden="true">{state === "idle" ? <CopyMark /> : state === "copied" ? "✓" : "✗"}</span>
      <span class="unseen" role={state === "idle" ? undefined : "status"}>
        {state === "idle" ? label : state === "copied" ? "Copied" : "Not copied: select the text and copy it"}
      </span>
    </button>
  );
}

/** Drawn: not every system's font has such a sign. */
function CopyMark() {
  return (
    <svg class="copy-mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-.5a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h.5" />
    </svg>
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
