/** Why the lab does not do what it was asked: what, and the next step. */
export class LabError extends Error {
  override name = "LabError";
  readonly code: string;
  readonly next: string;

  constructor(code: `lab/${string}`, message: string, next: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}
