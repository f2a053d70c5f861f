/** What can be wrong with a key or its passphrase, said to the person who keeps it. */

export type KeyErrorCode =
  | "key/name-invalid"
  | "key/exists"
  | "key/not-found"
  | "key/permissions"
  | "key/corrupt"
  | "key/passphrase-empty"
  | "key/passphrase-needed"
  | "key/passphrase-wrong"
  | "key/io";

/** The message says what and why; `next` is what to do, a command where there is one. */
export class KeyError extends Error {
  override name = "KeyError";
  readonly code: KeyErrorCode;
  readonly next: string;

  constructor(code: KeyErrorCode, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.next = next;
  }
}
