/** A command to paste into a shell, whole, with a button that copies it. */
import { CopyButton } from "./copy-button.tsx";

export function CommandLine({ command, label = "Copy the command" }: { command: string; label?: string }) {
  return (
    <div class="command-line">
      <code>{command}</code>
      <CopyButton text={command} label={label} />
    </div>
  );
}
