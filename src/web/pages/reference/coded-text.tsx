/** A text of the document; what stands between backticks is code. */
import { codePieces } from "./open-api.ts";

export function CodedText({ text }: { text: string }) {
  return (
    <>
      {codePieces(text).map((piece, index) =>
        piece.isCode ? <code key={index}>{piece.text}</code> : <span key={index}>{piece.text}</span>,
      )}
    </>
  );
}
