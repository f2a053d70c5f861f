/** The script of the page `/docs`, which runs in the browser: shows the OpenAPI document of its node, and sends requests to it. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description?: string;
  readonly example?: string;
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}

interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** So much of an answer is shown; the rest is for programs. */
const shownCharactersMax = 200_000;
const shownBytesMax = 512;

type Child = Node | string;

/** All text of the document and of answers goes in as text, never as markup. */
function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** What stands between backticks is code. */
function textWithCode(text: string): Child[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
}

async function show(): Promise<void> {
  const main = document.querySelector("main")!;
  const nav = document.querySelector("nav")!;
  try {
    const api = (await (await fetch("/openapi.json")).json()) as OpenApi;
    document.querySelector("#version")!.textContent = api.info.version;
    const rules = api.info.description.split("\n").map((rule) => element("li", {}, ...textWithCode(rule)));
    main.replaceChildren(element("ul", { class: "rules" }, ...rules));
    for (const { name, description } of api.tags) {
      const section = element("section", { id: name }, element("h2", {}, description));
      for (const [path, methods] of Object.entries(api.paths)) {
        for (const [method, operation] of Object.entries(methods)) {
          if (operation.tags.includes(name)) section.append(operationOf(api, path, method, operation));
        }
      }
      main.append(section);
      nav.append(element("a", { href: `#${name}` }, name));
    }
    openNamed();
  } catch (thrown) {
    main.replaceChildren(
      element("p", { class: "failed" }, `The node does not answer: ${thrown}. Reload this page.`),
    );
  }
}

/** A link to `#getBlock` opens that route. */
function openNamed(): void {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) named.open = true;
  named?.scrollIntoView();
}

function operationOf(api: OpenApi, path: string, method: string, operation: Operation): HTMLElement {
  const title = element(
    "summary",
    {},
    element("b", { class: method }, method.toUpperCase()),
    element("code", {}, path),
    element("span", {}, ...textWithCode(operation.summary)),
  );
  const details = element("details", { id: operation.operationId }, title);
  // Filled when it is opened, so that a page with many routes is there at once.
  details.addEventListener("toggle", () => fill(api, details, path, method, operation), { once: true });
  return details;
}

function fill(api: OpenApi, details: HTMLElement, path: string, method: string, operation: Operation): void {
  if (operation.description) details.append(element("p", {}, ...textWithCode(operation.description)));
  if (operation.security) details.append(element("p", { class: "token" }, "Needs the node's token."));
  details.append(formOf(path, method, operation));
  for (const [status, { description, content }] of Object.entries(operation.responses)) {
    for (const [media, { schema }] of Object.entries(content)) {
      const heading = element("summary", {}, `${status} ${description}: ${media}`);
      const lines = element("pre", {}, schemaText(api, schema, "", new Set()));
      details.append(element("details", { class: "answer" }, heading, lines));
    }
  }
}

function formOf(
  path: string,
  method: string,
  { parameters = [], requestBody, operationId }: Operation,
): HTMLElement {
  const inputs = parameters.map((parameter) => ({ parameter, input: inputOf(operationId, parameter) }));
  const json = requestBody?.content["application/json"];
  const body = json && element("textarea", { rows: "6", spellcheck: "false", "aria-label": "body, JSON" });
  if (body) body.value = JSON.stringify(json.example ?? skeleton(json.schema), null, 2);
  const output = element("pre", { class: "output", "aria-live": "polite" });
  const stop = element("button", { type: "button", hidden: "" }, "Stop");
  const send = element("button", { type: "submit" }, "Send");
  const rows = inputs.map(({ parameter, input }) => {
    const label = element(
      "label",
      { for: input.id },
      `${parameter.name}${parameter.required ? "" : " (optional)"}`,
    );
    return element("div", { class: "row" }, label, input, element("small", {}, parameter.description ?? ""));
  });
  const form = element("form", {}, ...rows, ...(body ? [body] : []), send, stop, output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = inputs.map(({ parameter, input }) => ({ parameter, value: input.value }));
    void trySending(urlOf(path, values), method.toUpperCase(), body?.value, output, stop);
  });
  return form;
}

function inputOf(
  operationId: string,
  { name, required, example = "", in: place }: Parameter,
): HTMLInputElement {
  const input = element("input", {
    id: `${operationId}-${name}`,
    name,
    autocomplete: "off",
    spellcheck: "false",
  });
  input.required = required;
  input.value = place === "path" || required ? example : "";
  if (example !== "") input.placeholder = example;
  return input;
}

function urlOf(
  path: string,
  values: readonly { readonly parameter: Parameter; readonly value: string }[],
): string {
  const query = new URLSearchParams();
  let url = path;
  for (const { parameter, value } of values) {
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== "") query.set(parameter.name, value);
  }
  return query.size > 0 ? `${url}?${query}` : url;
}

async function trySending(
  url: string,
  method: string,
  body: string | undefined,
  output: HTMLElement,
  stop: HTMLButtonElement,
): Promise<void> {
  const token = document.querySelector<HTMLInputElement>("#token")!.value.trim();
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== "") headers.authorization = `Bearer ${token}`;
  const ended = new AbortController();
  stop.onclick = () => ended.abort();
  stop.hidden = false;
  output.textContent = `${method} ${url}\n…`;
  try {
    const init = { method, headers, signal: ended.signal, ...(body === undefined ? {} : { body }) };
    const response = await fetch(url, init);
    const first = `${method} ${url}\n${response.status} ${response.statusText}\n\n`;
    await showAnswer(response, output, first);
  } catch (thrown) {
    if (!ended.signal.aborted) output.textContent = `${method} ${url}\nno answer: ${thrown}`;
  } finally {
    stop.hidden = true;
  }
}

async function showAnswer(response: Response, output: HTMLElement, first: string): Promise<void> {
  const media = response.headers.get("content-type") ?? "";
  if (media.startsWith("text/event-stream")) return follow(response, output, first);
  if (!/json|^text\//.test(media)) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    const hex = [...bytes.subarray(0, shownBytesMax)].map((byte) => byte.toString(16).padStart(2, "0"));
    output.textContent = `${first}${bytes.length} bytes\n${hex.join("")}${bytes.length > shownBytesMax ? "…" : ""}`;
    return;
  }
  const text = await response.text();
  output.textContent = first + cut(media.includes("json") ? pretty(text) : text);
}

/** Shows a stream as it comes, the newest part of it. */
async function follow(response: Response, output: HTMLElement, first: string): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = response.body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text = (text + decoder.decode(part.value, { stream: true })).slice(-shownCharactersMax);
    output.textContent = first + text;
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const cut = (text: string) =>
  text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;

/** A body to begin with: the fields that have to be there. */
function skeleton({ properties = {}, required = [] }: Schema): Record<string, unknown> {
  return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? {})]));
}

function sample({ type, enum: words, const: fixed }: Schema): unknown {
  if (fixed !== undefined) return fixed;
  if (words) return words[0];
  if (type === "array") return [];
  return type === "integer" || type === "number" ? 1 : "";
}

/** A schema as people read it, one field a line. A schema within itself is named only. */
function schemaText(api: OpenApi, schema: Schema, indent: string, within: ReadonlySet<string>): string {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  if (name !== undefined) {
    const named = api.components.schemas[name];
    if (!named || within.has(name)) return name;
    return schemaText(api, named, indent, new Set([...within, name]));
  }
  const deeper = `${indent}  `;
  if (schema.anyOf) return schema.anyOf.map((one) => schemaText(api, one, indent, within)).join(" | ");
  if (schema.items) return `[ ${schemaText(api, schema.items, indent, within)} … ]`;
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([field, part]) => {
      const optional = schema.required?.includes(field) ? "" : "?";
      const note = part.description && part.properties === undefined ? `  // ${part.description}` : "";
      return `${deeper}${field}${optional}: ${schemaText(api, part, deeper, within)}${note}\n`;
    });
    return `{\n${fields.join("")}${indent}}`;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  return schema.type ?? "anything";
}

addEventListener("hashchange", openNamed);
void show();
