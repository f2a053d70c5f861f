/** Sends a request of the reference, and shows the answer as a text while it comes. */

/** So much of an answer is shown; the rest is for programs. */
const shownCharactersMax = 200_000;
const shownBytesMax = 512;
/** Of an answer that is no text, so many bytes are read at most: a ledger can be larger than memory. */
const readBytesMax = 1024 * 1024;

export interface ShownAnswer {
  /** What was asked, and what came: "GET /v1/node: 200 OK". */
  readonly status: string;
  /** Of the body, so far. */
  readonly text: string;
}

type Show = (answer: ShownAnswer) => void;

export interface RequestToSend {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  /** Sent only with this request, and kept nowhere. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly show: Show;
}

/** Resolves when the answer is whole or was stopped; what went wrong is shown, too. */
export async function sendRequest({ method, url, body, token, signal, show }: RequestToSend): Promise<void> {
  const { pathname, search } = new URL(url);
  const asked = `${method} ${pathname}${search}`;
  show({ status: `${asked} …`, text: "" });
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });
    await showAnswer(response, `${asked}: ${response.status} ${response.statusText}`, show);
  } catch (thrown) {
    if (!signal.aborted) show({ status: `${asked}: no answer`, text: String(thrown) });
  }
}

async function showAnswer(response: Response, status: string, show: Show): Promise<void> {
  const media = response.headers.get("content-type") ?? "";
  if (media.startsWith("text/event-stream")) return showStream(response, status, show);
  if (!/json|^text\//.test(media)) return showBytes(response, status, show);
  const text = await response.text();
  show({ status, text: cut(media.includes("json") ? pretty(text) : text) });
}

/** The newest part of a stream, as it comes. */
async function showStream(response: Response, status: string, show: Show): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of pieces(response)) {
    text = (text + decoder.decode(part, { stream: true })).slice(-shownCharactersMax);
    show({ status, text });
  }
}

async function showBytes(response: Response, status: string, show: Show): Promise<void> {
  let hex = "";
  let bytes = 0;
  for await (const part of pieces(response)) {
    for (const byte of part.subarray(0, Math.max(0, shownBytesMax - bytes)))
      hex += byte.toString(16).padStart(2, "0");
    bytes += part.length;
    if (bytes > readBytesMax) break;
  }
  const isCut = bytes > readBytesMax;
  const length = `${isCut ? "more than " : ""}${bytes} bytes`;
  show({ status: `${status}, ${length}`, text: `${hex}${bytes > shownBytesMax ? "…" : ""}` });
}

async function* pieces({ body }: Response): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function cut(text: string): string {
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
}
