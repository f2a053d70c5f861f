/** Whether a hand moved the pointer, or the page moved below a pointer that rests: browsers tell of both. */

/** A page that moves below a resting pointer must not lead away whoever works by keyboard. */
export function isPointerMoved({ movementX, movementY }: MouseEvent): boolean {
  return movementX !== 0 || movementY !== 0;
}
