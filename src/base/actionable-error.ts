/** An error that an operator can do something about: neither a peer's fault nor a bug of ours. */

/** The message says what and why; `next` is what to do, a command where there is one. */
export class ActionableError<Code extends string> extends Error {
  readonly code: Code;
  readonly next: string;

  constructor(code: Code, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.next = next;
  }
}
