/** Where the demo writes to, and how it is stopped. */
export interface DemoOutput {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Columns that a line may have. */
  readonly columns: number;
  /** How a shell starts this program again, e.g. `aurex-node`. */
  readonly program: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
