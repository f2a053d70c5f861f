/** What can be wrong with a key or its passphrase, said to the person who keeps it. */
import { ActionableError } from "../base/actionable-error.ts";

export type KeyErrorCode =
  | "key/name-invalid"
  | "key/exists"
  | "key/not-found"
  | "key/permissions"
  | "key/corrupt"
  | "key/passphrase-empty"
  | "key/passphrase-unusable"
  | "key/passphrase-needed"
  | "key/passphrase-wrong"
  | "key/outbox-busy"
  | "key/io";

export class KeyError extends ActionableError<KeyErrorCode> {
  override name = "KeyError";
}
