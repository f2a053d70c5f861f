/** Where the demo writes to, and how it is stopped. */
export interface DemoOutput {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
