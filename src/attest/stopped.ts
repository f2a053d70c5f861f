/** What is thrown when a person stops the work. */
import { AttestError } from "./attest-error.ts";

export function stopped(): AttestError {
  return new AttestError("attest/stopped", "stopped before the end", "run the command again");
}
